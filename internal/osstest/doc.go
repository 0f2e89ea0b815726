// Package osstest is an Alibaba Cloud OSS server in the process of a test.
//
// It keeps one bucket in memory and speaks enough of OSS's own protocol for a
// registry's tree: objects, listings, batch deletes and multipart uploads, in
// path style and virtual-hosted. As the real one does, it checks signatures of
// version 4 and of version 1, refuses strangers and wrong clocks, lists 100
// keys a page unless asked for more, and wants a Content-MD5 with a batch of
// deletes. It can be told to misbehave: see [Fault].
package osstest

package retention

import _ "embed" // the schema

//go:embed policy.schema.json
var schema string

// Schema is the JSON schema of policies (draft 2020-12), for editors. [Parse]
// refuses whatever it refuses, and more: a name twice, a pattern that is none.
func Schema() string { return schema }

// Package browser opens the page of df in a real browser. Its tests have the
// build tag browser, and need Chromium: the binary that $CHROMIUM names, or else
// chromium in $PATH.
package browser

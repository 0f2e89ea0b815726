package sweep

// Failure is a key that could not be removed, or was left in place because
// something that refers to it could not be removed.
type Failure struct {
	Key   string `json:"key"`
	Error string `json:"error"`
}

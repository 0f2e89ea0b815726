package objectstore

// emptyPages is how many pages with nothing on them may follow each other. A
// store that wades through deleted versions sends some.
const emptyPages = 1000

// trail remembers where a paged listing has been, so that no server can lead it
// in a circle or on and on without end.
type trail struct {
	seen  map[string]bool // where pages began
	empty int             // pages since the last with something on it
}

// follow goes on to the page that begins at token, after one that was empty or
// not.
func (t *trail) follow(token string, empty bool) error {
	t.empty++
	if !empty {
		t.empty = 0
	}
	switch {
	case token == "":
		return broken("it says that there is more, and not where (no continuation token)")
	case t.seen[token]:
		return broken("it leads in a circle (a continuation token was given twice)")
	case t.empty == emptyPages:
		return broken("%d pages with nothing on them follow each other", emptyPages)
	case t.seen == nil:
		t.seen = map[string]bool{}
	}
	t.seen[token] = true
	return nil
}

// forget drops all of the past but the page that begins at token, where a
// server that goes in a circle would be found out by what it lists.
func (t *trail) forget(token string) {
	clear(t.seen)
	if token != "" {
		t.seen[token] = true
	}
}

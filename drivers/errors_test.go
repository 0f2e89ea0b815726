package drivers

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

func TestUnreadable(t *testing.T) {
	denied := unreadable("/dir", &fs.PathError{Op: "open", Path: "/dir", Err: syscall.EACCES})
	if !errors.Is(denied, ErrUsage) || !errors.Is(denied, fs.ErrPermission) {
		t.Errorf("%v is not what it is", denied)
	}
	for _, want := range []string{"/dir", "permission denied", "run as the user"} {
		if !strings.Contains(denied.Error(), want) {
			t.Errorf("%q does not say %q", denied, want)
		}
	}
	// A disk that fails is nobody's wrong word.
	if broken := unreadable("/dir", syscall.EIO); errors.Is(broken, ErrUsage) || !errors.Is(broken, syscall.EIO) {
		t.Errorf("%v is not what it is", broken)
	}
}

package storage_test

import (
	"encoding/json"
	"testing"

	"github.com/blobsweep/blobsweep/storage"
)

func TestRequests(t *testing.T) {
	a, b := storage.Requests{1, 2, 3, 4, 5}, storage.Requests{10, 20, 30, 40, 50}
	if got := a.Add(b); got != (storage.Requests{11, 22, 33, 44, 55}) || got.Sub(b) != a || b.Total() != 150 {
		t.Errorf("%+v, %+v, %d", got, got.Sub(b), b.Total())
	}
	// What never writes says nothing of writing.
	for want, r := range map[string]storage.Requests{
		`{"list":1,"get":2,"stat":3,"delete":4}`:           {1, 2, 3, 4, 0},
		`{"list":1,"get":2,"stat":3,"delete":4,"write":5}`: a,
	} {
		if got, err := json.Marshal(r); string(got) != want || err != nil {
			t.Errorf("%s, %v", got, err)
		}
	}
}

package gateway

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of processor times in /proc: a hundredth of a second on every
// platform that Go runs on.
const tick = time.Second / 100

// ProcessorTime is what the server has used so far, for itself and in the kernel.
func (g *Gateway) ProcessorTime() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name of the program, in brackets, may hold anything. After it the state
	// is the first field, and the two times are the twelfth and thirteenth.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc tells no times of the server: %q", stat)
	}
	var used time.Duration
	for _, field := range fields[11:13] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		used += time.Duration(ticks) * tick
	}
	return used, nil
}

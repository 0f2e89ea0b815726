package e2e

import (
	"os/exec"
	"syscall"
)

// dieWithTests makes the kernel end the process when the thread that starts it
// ends: also where a time limit ends the tests before they can clean up.
func dieWithTests(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

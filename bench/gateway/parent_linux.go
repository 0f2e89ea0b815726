package gateway

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the kernel end the process when the thread that starts it
// ends: also where this process is killed before it can clean up.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

//go:build !linux

package main

import (
	"os"
	"os/exec"
)

// dropPrivileges runs another program. Away from Linux the tests are for an
// ordinary user, whom permissions bind as it is.
func dropPrivileges() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		os.Exit(max(1, cmd.ProcessState.ExitCode()))
	}
}

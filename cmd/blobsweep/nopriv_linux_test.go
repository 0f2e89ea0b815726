package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// dropPrivileges becomes another program that permissions bind even when root
// runs it.
func dropPrivileges() {
	if err := execUnprivileged(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "nopriv:", err)
		os.Exit(125)
	}
}

func execUnprivileged(args []string) error {
	program, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		// Capabilities belong to a thread, and exec keeps those of its own.
		runtime.LockOSThread()
		for _, capability := range []uintptr{unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH} {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
				return fmt.Errorf("drop capability %d: %w", capability, err)
			}
		}
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		if err := unix.Capget(&header, &data[0]); err != nil {
			return fmt.Errorf("capget: %w", err)
		}
		data[0].Inheritable, data[1].Inheritable = 0, 0
		if err := unix.Capset(&header, &data[0]); err != nil {
			return fmt.Errorf("capset: %w", err)
		}
	}
	return syscall.Exec(program, args, os.Environ())
}

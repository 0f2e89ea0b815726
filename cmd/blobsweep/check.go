package main

import "github.com/spf13/cobra"

// newCheck makes the command check.
func newCheck() *cobra.Command {
	return &cobra.Command{Use: "check", Hidden: true, RunE: func(*cobra.Command, []string) error {
		return usagef("check is not there yet")
	}}
}

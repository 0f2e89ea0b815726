package main

import "github.com/spf13/cobra"

// newRemove makes the command rm.
func newRemove() *cobra.Command {
	return &cobra.Command{Use: "rm", Hidden: true, RunE: func(*cobra.Command, []string) error {
		return usagef("rm is not there yet")
	}}
}

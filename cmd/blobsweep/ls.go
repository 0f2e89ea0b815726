package main

import "github.com/spf13/cobra"

// newList makes the command ls.
func newList() *cobra.Command {
	return &cobra.Command{Use: "ls", Hidden: true, RunE: func(*cobra.Command, []string) error {
		return usagef("ls is not there yet")
	}}
}

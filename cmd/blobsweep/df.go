package main

import "github.com/spf13/cobra"

// newUsage makes the command df.
func newUsage() *cobra.Command {
	return &cobra.Command{Use: "df", Hidden: true, RunE: func(*cobra.Command, []string) error {
		return usagef("df is not there yet")
	}}
}

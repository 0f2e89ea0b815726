package main

import "github.com/spf13/cobra"

// newPrune makes the command prune.
func newPrune() *cobra.Command {
	return &cobra.Command{Use: "prune", Hidden: true, RunE: func(*cobra.Command, []string) error {
		return usagef("prune is not there yet")
	}}
}

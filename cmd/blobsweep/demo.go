package main

import (
	"github.com/blobsweep/blobsweep/internal/demo"
	"github.com/spf13/cobra"
)

func newDemo() *cobra.Command {
	var opts demo.Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Collect a sample registry before your eyes",
		Long: "demo builds a sample registry in a temporary directory, collects it, verifies every\n" +
			"image that is left, and removes the directory. It touches nothing else.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := demo.Run(cmd.Context(), cmd.OutOrStdout(), opts); err != nil {
				return failed(err)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&opts.Keep, "keep", false, "leave the sample registry on the disk")
	return cmd
}

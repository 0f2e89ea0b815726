package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which build this is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), versionLine()); err != nil {
				return failed(err)
			}
			return nil
		},
	}
}

// versionLine tells what the toolchain recorded about this build.
func versionLine() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "blobsweep (built without module information)"
	}
	version, revision := info.Main.Version, ""
	if version == "" {
		version = "(devel)"
	}
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			revision = ", revision " + setting.Value + revision
		case setting.Key == "vcs.modified" && setting.Value == "true":
			revision += " with changes"
		}
	}
	return fmt.Sprintf("blobsweep %s, %s%s", version, info.GoVersion, revision)
}

package main

import (
	"io"

	"github.com/spf13/cobra"
)

const rootLong = `blobsweep reclaims space in a container registry, at the level of its storage.

It reads the tree that a CNCF Distribution registry keeps, marks what every
manifest needs, and removes what nothing needs:

  - blobs that no manifest of any repository references;
  - layer links that no manifest of their repository needs;
  - uploads that were abandoned, and directories that are empty;
  - with --delete-untagged, manifests that no tag leads to.

Around that, ls and df show what there is and what it weighs, rm and prune let go of
tags and manifests, and check tells whether all is there.

It never removes what a kept manifest references (unknown manifests keep every
digest in them), what is younger than the grace period, what refers to a kept
manifest (signatures, SBOMs), or a file that no registry wrote. When something
cannot be read it stops before anything is deleted.`

const exitStatuses = `Exit status:
  0  done
  1  failed
  2  usage or configuration
  3  blocked, nothing was deleted
  4  partial: some deletes failed, it was interrupted while deleting, or the
     registry's Redis cache could not be cleared`

const registryHelp = `REGISTRY is the registry's own config.yml (REGISTRY_* in the environment counts,
as for the registry), a directory that holds docker/registry/v2, a file:// URL
of either, or a bucket:

  s3://bucket/prefix?region=us-east-1
  s3://bucket/prefix?endpoint=https://minio.example&path-style=true
  oss://bucket/prefix?region=cn-hangzhou

Credentials come from the config.yml or from the environment, the profile or the
role that the store's own tools use; they are never part of a URL.`

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "blobsweep",
		Short: "Reclaim space in a container registry",
		Long:  rootLong + "\n\n" + registryHelp + "\n\n" + exitStatuses,
		Example: `  blobsweep plan /var/lib/registry             what would go, and why
  blobsweep gc /etc/distribution/config.yml    collect
  blobsweep gc -m --offline config.yml         the registry is stopped: no grace period
  blobsweep df -v config.yml                   what the bytes are used for
  blobsweep rm --gc config.yml team/app:1.0    an image, and its space
  blobsweep prune -d --policy policy.yaml config.yml   what a policy would remove, and why
  blobsweep check --blobs config.yml           is every byte there that should be?
  blobsweep demo                               see it at work on a sample registry`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(newCollect(true), newCollect(false), newList(), newUsage(), newRemove(), newPrune(), newCheck(), newDemo(), newVersion())
	return root
}

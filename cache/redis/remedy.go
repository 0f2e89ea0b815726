package redis

import (
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// remedy is a shell script that removes the keys of all registries: on a single
// server, on the master that a sentinel names, or on each master of a cluster.
// redis-cli takes the password from REDISCLI_AUTH.
func remedy(opts *redis.UniversalOptions, files tlsFiles, cluster bool) string {
	at, port := "", ""
	if len(opts.Addrs) > 0 {
		at, port = address(opts.Addrs[0])
	}
	base := cli("", "", opts, files)
	const patterns = "for pattern in 'blobs::*' 'repository::*'; do\n"
	switch {
	case opts.MasterName != "":
		return "set -- $(" + cli(at, port, &redis.UniversalOptions{Username: opts.SentinelUsername}, files) +
			" sentinel get-master-addr-by-name " + quote(opts.MasterName) + ")\n" +
			patterns + scan(base+` -h "$1" -p "$2"`, base+` -h "$1" -p "$2"`, "500", "  ") + "done"
	case cluster:
		node := base + ` -h "${node%:*}" -p "${node##*:}"`
		return "for node in $(" + cli(at, port, opts, files) +
			` cluster nodes | awk '$3 ~ /master/ { sub(/@.*/, "", $2); print $2 }'); do` + "\n  " +
			patterns + scan(node, node, "1", "    ") + "  done\ndone"
	}
	single := cli(at, port, opts, files)
	return patterns + scan(single, single, "500", "  ") + "done"
}

// scan is the line that finds keys and removes them, so many at a time.
func scan(find, remove, atOnce, indent string) string {
	return indent + find + ` --scan --pattern "$pattern" | xargs -r -n ` + atOnce + " " + remove + " unlink\n"
}

// cli is how redis-cli is called. There is no database but the first in a
// cluster.
func cli(host, port string, opts *redis.UniversalOptions, files tlsFiles) string {
	words := []string{"redis-cli"}
	add := func(flag, value string) {
		if value != "" {
			words = append(words, flag, quote(value))
		}
	}
	add("-h", host)
	add("-p", port)
	if opts.DB != 0 {
		add("-n", strconv.Itoa(opts.DB))
	}
	add("--user", opts.Username)
	if files.on {
		words = append(words, "--tls")
	}
	add("--cacert", files.ca)
	if files.certificate != "" {
		add("--cert", files.certificate)
		add("--key", files.key)
	}
	return strings.Join(words, " ")
}

func address(addr string) (host, port string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, ""
	}
	return host, port
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// quote makes one word of a shell of any text.
func quote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

package rowformat

import (
	"fmt"
	"strings"
	"text/template"
)

// functions are those that docker's templates have, but for title.
var functions = template.FuncMap{
	"json":  toJSON,
	"lower": func(s any) Text { return Text(strings.ToLower(raw(s))) },
	"upper": func(s any) Text { return Text(strings.ToUpper(raw(s))) },
	"pad": func(s any, before, after int) Text {
		return Text(strings.Repeat(" ", max(before, 0)) + raw(s) + strings.Repeat(" ", max(after, 0)))
	},
	"truncate": func(s any, length int) Text {
		runes := []rune(raw(s))
		return Text(runes[:min(max(length, 0), len(runes))])
	},
	"split": func(s, separator any) []Text {
		parts := []Text{}
		for _, part := range strings.Split(raw(s), raw(separator)) {
			parts = append(parts, Text(part))
		}
		return parts
	},
	"join": func(parts []Text, separator any) Text {
		joined := make([]string, len(parts))
		for i, part := range parts {
			joined[i] = string(part)
		}
		return Text(strings.Join(joined, raw(separator)))
	},
}

// headerFunctions are the same for a row of headers, which they leave as it is.
var headerFunctions = template.FuncMap{
	"json":     func(s any) any { return s },
	"lower":    func(s any) any { return s },
	"upper":    func(s any) any { return s },
	"pad":      func(s any, _, _ int) any { return s },
	"truncate": func(s any, _ int) any { return s },
	"split":    func(s, _ any) any { return s },
	"join":     func(s, _ any) any { return s },
}

// raw is the text of a value as the storage has it.
func raw(value any) string {
	if t, ok := value.(Text); ok {
		return string(t)
	}
	return fmt.Sprint(value)
}

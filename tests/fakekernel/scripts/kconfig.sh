#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# kconfig.sh tiny|old <Kconfig> <.config>: "tiny" writes a configuration with nothing set; "old" keeps the last line
# for each symbol that Kconfig has and whose dependency is set, and sorts.
set -eu
mode=$1 kconfig=$2 config=$3

if [ "$mode" = tiny ]; then
	echo "# CONFIG_SMP is not set" > "$config"
	exit
fi

# A line of Kconfig that is none is reported the way the real parser does.
awk -v file="$kconfig" '
	NF && !/^#/ && $1 != "config" && !($1 == "depends" && $2 == "on") {
		print file ":" NR ": syntax error" > "/dev/stderr"; bad = 1
	}
	END { exit bad }' "$kconfig"

awk '
	FILENAME == ARGV[1] && $1 == "config" { symbol = $2; known[symbol] = 1; next }
	FILENAME == ARGV[1] && $1 == "depends" { needs[symbol] = $3; next }
	FILENAME == ARGV[1] { next }
	/^CONFIG_[A-Za-z0-9_]+=/ { name = $0; sub(/=.*/, "", name); sub(/^CONFIG_/, "", name)
		value = $0; sub(/^[^=]*=/, "", value); got[name] = value; next }
	/^# CONFIG_[A-Za-z0-9_]+ is not set$/ { got[substr($2, 8)] = "n" }
	END {
		for (name in known) {
			value = (name in got) ? got[name] : "n"
			if ((name in needs) && !((needs[name] in got) && got[needs[name]] == "y")) value = "n"
			print value == "n" ? "# CONFIG_" name " is not set" : "CONFIG_" name "=" value
		}
	}' "$kconfig" "$config" | sort > "$config.new"
mv "$config.new" "$config"

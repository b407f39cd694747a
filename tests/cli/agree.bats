# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Program and pages say the same, for each command that `shmtool help` knows;
# and what every command must do alike.

load common

setup() {
	tree=$BATS_TEST_DIRNAME/../..
	cd "$BATS_TEST_TMPDIR" || return 1
}

verbs() {
	shmtool help | awk '/^  [a-z]/ { print $1 }'
}

# Long options of a command, by its help.
help_options() {
	shmtool "$1" -h | awk '/^  +-/ && match($0, /--[a-z-]+/) {
		print substr($0, RSTART, RLENGTH) }' | sort
}

# Short ones.
help_letters() {
	shmtool "$1" -h | awk '/^  -/ { print substr($0, 3, 2) }' | sort
}

page() {
	mandoc -T ascii -O width=1000 "$tree/man/shmtool-$1.1" | col -bx
}

same() {
	[ "$1" = "$2" ] || {
		diff <(echo "$1") <(echo "$2")
		return 1
	}
}

@test "agree: every command has a page and a line in shmtool(1)" {
	[ "$(verbs | wc -l)" -gt 0 ]
	for verb in $(verbs); do
		[ -f "$tree/man/shmtool-$verb.1" ] ||
			{ echo "no page: $verb"; return 1; }
		grep -q "^\.Xr shmtool-$verb 1" "$tree/man/shmtool.1" ||
			{ echo "not in shmtool.1: $verb"; return 1; }
	done
}

@test "agree: every page is of a command, and is installed" {
	for file in "$tree"/man/shmtool-*.1; do
		verb=${file##*/shmtool-}
		verbs | grep -qx "${verb%.1}" ||
			{ echo "no command: $file"; return 1; }
	done
	for file in "$tree"/man/*.*; do
		grep -q "^	man/${file##*/}\( \\\\\)\?$" "$tree/Makefile" ||
			{ echo "not in the Makefile: $file"; return 1; }
	done
}

@test "agree: mandoc has nothing to say about any page" {
	for file in "$tree"/man/*.* "$tree"/man/ko/*; do
		run mandoc -T lint -W warning "$file"
		[ "$status" -eq 0 ] && [ -z "$output" ] || {
			echo "$output"
			return 1
		}
	done
}

@test "agree: quotes and brackets of a page close where they belong" {
	for file in "$tree"/man/*.1 "$tree"/man/ko/*; do
		text=$(mandoc -T utf8 -O width=1000 "$file" | col -bx)
		# shellcheck disable=SC1112 # the page's own
		run ! grep -nE '’’|‘[^’]*‘|^ +-[^[]*\[[^]]*, -' <<<"$text"
	done
}

@test "agree: the SYNOPSIS of a page is the usage of the command" {
	local bad=0
	for verb in $(verbs); do
		usage=$(shmtool "$verb" -h | awk '/^$/ { exit }
			{ sub(/^usage:/, ""); print }')
		synopsis=$(page "$verb" | awk '
			/^[A-Z]/ { inside = $0 == "SYNOPSIS"; next } inside')
		same "$(tr -s ' \n' ' ' <<<"$usage" | sed 's/ \.\.\./.../g')" \
			"$(tr -s ' \n' ' ' <<<"$synopsis" |
				sed 's/ \.\.\./.../g')" || {
			echo "^ $verb"
			bad=1
		}
	done
	return "$bad"
}

@test "agree: the options of a page are those of the command" {
	local bad=0
	for verb in $(verbs); do
		# Tags of lists that begin with an option.
		tags=$(sed -n '/^\.It Fl/p' "$tree/man/shmtool-$verb.1")
		same "$(help_options "$verb")" \
			"$(grep -o 'Fl -[a-z-]*' <<<"$tags" |
				sed 's/Fl -/--/' | sort)" ||
			{ echo "^ $verb"; bad=1; }
		same "$(help_letters "$verb")" \
			"$(grep -o 'Fl [a-zA-Z0-9]\( \|$\|,\)' <<<"$tags" |
				sed 's/Fl \(.\).*/-\1/' | sort)" ||
			{ echo "^ $verb"; bad=1; }
	done
	return "$bad"
}

@test "agree: EXIT STATUS, EXAMPLES and SEE ALSO are in every page" {
	for verb in $(verbs); do
		for section in 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -q "^\.Sh $section" "$tree/man/shmtool-$verb.1" ||
				{ echo "$verb: no $section"; return 1; }
		done
	done
}

@test "agree: help is on stdout, with status 0, however it is asked for" {
	for verb in $(verbs); do
		run --separate-stderr shmtool "$verb" --help
		[ "$status" -eq 0 ] && [ -z "$stderr" ]
		first=$output
		[[ $first == "usage: shmtool $verb"* ]]
		run --separate-stderr shmtool help "$verb"
		[ "$status" -eq 0 ] && [ -z "$stderr" ]
		same "$first" "$output"
		run --separate-stderr shmtool "$verb" -h
		[ "$status" -eq 0 ] && same "$first" "$output"
	done
}

@test "agree: help fits in 80 columns" {
	for verb in $(verbs); do
		long=$(shmtool help "$verb" | awk 'length($0) > 79')
		[ -z "$long" ] || { echo "$verb: $long"; return 1; }
	done
	[ -z "$(shmtool help | awk 'length($0) > 79')" ]
}

@test "agree: an unknown option is 2 and named" {
	for verb in $(verbs); do
		for option in --no-such-option -Y; do
			run --separate-stderr shmtool "$verb" "$option"
			[ "$status" -eq 2 ] || { echo "$verb"; return 1; }
			message_has "$verb: $option:" "no such option"
			[ -z "$output" ]
		done
	done
}

@test "agree: --ns behind the command is told where it belongs" {
	for option in --ns --ns=1 --version; do
		run --separate-stderr shmtool stat "$option"
		[ "$status" -eq 2 ]
		message_has "stat: $option: stands before the command"
	done
}

@test "agree: the beginning of several options names them, of one is that" {
	run --separate-stderr shmtool stat --s
	[ "$status" -eq 2 ]
	message_has "stat: --s: several options begin so: --summary, --sort," \
		"--stale"
	run --separate-stderr shmtool limits --h
	[ "$status" -eq 2 ]
	message_has "limits: --h: several options begin so: --human, --help ("
	run --separate-stderr shmtool rm --min
	[ "$status" -eq 2 ]
	message_has "rm: --min: needs a value"
	run --separate-stderr shmtool stat --m=1
	[ "$status" -eq 2 ]
	message_has "stat: --m=1: several options begin so: --min-size, --max"
	run --separate-stderr shmtool stat --stael
	[ "$status" -eq 2 ]
	message_has "stat: --stael: no such option; the nearest is --stale ("
	run --separate-stderr shmtool create --szie=4096
	[ "$status" -eq 2 ]
	message_has "create: --szie=4096: no such option; the nearest is --size"
	run --separate-stderr shmtool rm --hlep
	message_has "rm: --hlep: no such option; the nearest is --help"
	run --separate-stderr shmtool rm --yes -Zn 5
	[ "$status" -eq 2 ]
	message_has "rm: -Z: no such option"
	# Nobody gets to --all by a slip, nor from anything to something.
	for option in --ell --any --xy; do
		run --separate-stderr shmtool rm "$option"
		[ "$status" -eq 2 ]
		message_has "rm: $option: no such option (see"
	done
}

@test "agree: letters of other tools are told in ours" {
	for pair in "create -M:-s SIZE" "create -p:-m MODE" "rm -a:--all" \
		"rm -M:shmtool rm 0x4d2" "rm -m:shmtool rm 123" "rm -rf:shmtool rm /NAME" \
		"stat -i:shmtool stat 123" "stat -l:shmtool limits"; do
		# shellcheck disable=SC2086 # two words
		run --separate-stderr shmtool ${pair%%:*} 1
		[ "$status" -eq 2 ]
		message_has "no such option;" "${pair#*:}"
	done
	run --separate-stderr shmtool rm -p 1
	[ "$status" -eq 2 ]
	message_has "rm: -p: no such option (see"
}

@test "agree: no option takes a value that it does not want, nor lacks one" {
	for verb in $(verbs); do
		for option in $(shmtool "$verb" -h |
			sed -n 's/^  .*\(--[a-z-]*\)  .*/\1/p'); do
			wrong=2
			[ "$verb$option" != limits--check ] || wrong=3
			run --separate-stderr shmtool "$verb" "$option=value"
			[ "$status" -eq "$wrong" ] ||
				{ echo "$verb $option=value: $status"
					return 1; }
		done
		for option in $(shmtool "$verb" -h |
			sed -n 's/^  .*\(--[a-z-]*\)=.*/\1/p'); do
			run --separate-stderr shmtool "$verb" "$option"
			[ "$status" -eq 2 ] && message_has "needs a value" ||
				{ echo "$verb $option: $status"; return 1; }
		done
	done
}

@test "agree: a full stdout is 1, with a message, for every help" {
	for verb in $(verbs) ''; do
		# shellcheck disable=SC2086 # no verb at all
		run --separate-stderr bash -c "shmtool help $verb >/dev/full"
		[ "$status" -eq 1 ]
		message_has "standard output" "No space left"
		# shellcheck disable=SC2086
		run --separate-stderr bash -c "shmtool help $verb >&-"
		[ "$status" -eq 1 ]
		message_has "standard output"
	done
}

# What makes each command print; every one of them must be here.
prints() {
	case $1 in
	create) echo "create -s 4096" ;;
	attach) echo "attach -t 0 $id" ;;
	write) echo "write -h" ;;
	read) echo "read $id" ;;
	stat) echo "stat" ;;
	rm) echo "rm -v $id" ;;
	set) echo "set -h" ;;
	save) echo "save -f saved $id" ;;
	restore) echo "restore saved/$id-*.meta" ;;
	limits) echo "limits" ;;
	esac
}

@test "agree: a full or closed stdout is 1, with a message, for every command" {
	for verb in $(verbs); do
		id=$(ipcmk -M 4096 | tr -dc 0-9)
		line=$(prints "$verb")
		[ -n "$line" ] || { echo "nothing for $verb"; return 1; }
		mkdir -p saved
		if [ "$verb" = restore ]; then
			shmtool set -m 0600 "$id"
			id=$(shmtool create -s 4096)
			shmtool save saved "$id"
		fi
		for how in '/dev/full' '&-'; do
			if [ "$verb" = rm ]; then
				id=$(ipcmk -M 4096 | tr -dc 0-9)
				line=$(prints rm)
			fi
			before=$(segments)
			run --separate-stderr timeout 20 \
				bash -c "shmtool $line >$how"
			[ "$status" -eq 1 ] && [ -n "$stderr" ] || {
				echo "shmtool $line >$how: $status $stderr"
				return 1
			}
			# Nobody could learn the id.
			[[ $verb != create && $verb != restore ]] ||
				[ "$(segments)" -eq "$before" ] || {
				echo "$verb left a segment behind"
				return 1
			}
		done
	done
}

@test "agree: closed stdin and stderr do no harm" {
	! is_valgrind || skip "valgrind itself needs a stderr"
	for verb in $(verbs); do
		run timeout 20 bash -c "shmtool $verb -h <&- 2>&-"
		[ "$status" -eq 0 ] || { echo "$verb"; return 1; }
		run timeout 20 bash -c "shmtool $verb --nosuch <&- 2>&-"
		[ "$status" -eq 2 ] || { echo "$verb"; return 1; }
	done
}

@test "agree: a word of other tools leads to the command that does it" {
	for pair in delete:rm remove:rm ipcrm:rm ls:stat ipcs:stat ipcmk:create \
		cat:read chmod:set unlock:set load:restore; do
		run --separate-stderr shmtool "${pair%:*}"
		[ "$status" -eq 2 ]
		message_has "shmtool: ${pair%:*}:" "the nearest is ${pair#*:} "
	done
}

@test "agree: help is for one command, and -h before it is help, too" {
	run --separate-stderr shmtool help rm stat
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	message_has "stat: help is for one command"
	for option in -h --help help; do
		[ "$(shmtool "$option" rm)" = "$(shmtool rm -h)" ]
	done
	[ "$(shmtool -h -V)" = "$(shmtool help)" ]
	run --separate-stderr shmtool -h nosuch
	[ "$status" -eq 2 ]
	message_has "nosuch" "no such command"
}

@test "agree: an empty word is seen in the message" {
	shmtool create -s 1 -k 5
	for line in "" "rm ''" "stat ''" "create -s 1 -i ''" \
		"read -O '' 0x5"; do
		run --separate-stderr eval "shmtool ${line:-''}"
		[ "$status" -ne 0 ]
		message_has "shmtool: " "'': "
	done
}

@test "agree: the version is that of the header" {
	version=$(sed -n 's/^.define SHMT_VERSION "\(.*\)"/\1/p' \
		"$tree/lib/shmtool.h")
	for option in -V --version; do
		run --separate-stderr shmtool "$option"
		[ "$status" -eq 0 ]
		[ "$output" = "shmtool $version" ]
	done
}

@test "agree: a file too large is 1 and a message, for everyone but COMMAND" {
	# shellcheck disable=SC2016 # the inner shell's
	run shmtool create -s 1 -- sh -c 'kill -XFSZ $$'
	[ "$status" -eq $((128 + 25)) ]
	# shellcheck disable=SC2016
	run shmtool create -s 1 -- sh -c 'kill -PIPE $$'
	[ "$status" -eq $((128 + 13)) ]
	! is_valgrind || skip "valgrind writes files of its own"
	run bash -c 'ulimit -f 0; shmtool limits 2>&1 >out; echo $?'
	[[ "${lines[0]}" == *"standard output: File too large" ]]
	[ "${lines[1]}" = 1 ]
}

@test "agree: a segment is no file that RLIMIT_FSIZE is for" {
	id=$(shmtool create -s 64K)
	run bash -c "ulimit -f 1; shmtool write -zA $id 2>&1"
	[ "$status" -eq 0 ]
	[ "$(shmtool read "$id" | tr -d A | wc -c)" -eq 0 ]
}

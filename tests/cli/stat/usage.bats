# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# stat: the command line, each view with each format, and a failing output.

load ../common
load rows

@test "stat: -o chooses, adds, and takes small letters" {
	make_segment 4096
	run shmtool stat -o size,ID
	[ "$(heading)" = "SIZE ID" ]
	run shmtool stat -o +group,ID
	[ "$(heading)" = "ID KEY OWNER PERMS SIZE RSS NATTCH IDLE CPID CCOMMAND STATUS GROUP" ]
	run shmtool stat -t --output=+SIZE
	[ "$(heading)" = "ID KEY OWNER ATIME DTIME CTIME IDLE SIZE" ]
	run shmtool stat -o ID,id,Id
	[ "$(heading)" = "ID" ]
}

@test "stat: operands select rows, in their order, and as often as named" {
	make_segment
	local a=$id
	make_key 4d2
	local b=$id
	make_segment
	[ "$(shmtool stat --tsv --no-heading -o ID "$id" key:1234 "id:$id" "$a" |
		xargs)" = "$id $b $id $a" ]
}

@test "stat: filters hold together" {
	run anew '
		make 100; make 5000
		perl -e "shmget(0x4d2, 5000, 0600 | 01000) // die"
		hold 1
		ids --min-size 101
		ids --max-size 100
		ids --min-size 101 --unattached
		ids --key 0x4d2
		ids --private
		ids --pid $!
		ids --owner "$(id -un)" --creator "$(id -u)"
		ids --creator-dead --unattached
		ids --idle 0
		ids --owner 4242
		ids --idle 1d
		ipcrm -m 1
		ids --dest'
	[ "$status" -eq 0 ]
	[ "$output" = "1 2
0
2
2
0 1
1
0 1 2
0 2
0 1 2


1" ]
}

@test "stat: an absent segment is 3, and the others are shown" {
	make_segment
	run --separate-stderr shmtool stat --tsv --no-heading -o ID 99999 "$id"
	[ "$status" -eq 3 ]
	[ "$output" = "$id" ]
	message_has "stat: 99999: no such segment"
	run --separate-stderr shmtool stat 0xdead
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	message_has "stat: 0xdead: no such segment"
}

@test "stat: a full standard output is 1" {
	make_segment
	local what
	for what in "" --json --tsv "$id" -P -u; do
		# shellcheck disable=SC2086
		run --separate-stderr bash -c 'exec shmtool stat "$@" >/dev/full' \
			- $what
		[ "$status" -eq 1 ]
		message_has "stat: standard output: No space left on device"
	done
}

@test "stat: a closed standard output is 1" {
	make_segment
	run --separate-stderr bash -c 'exec shmtool stat >&-'
	[ "$status" -eq 1 ]
	message_has "standard output"
}

@test "stat: a wrong command line is 2, with the reason" {
	make_segment
	local line
	local -a wrong=(
		"-x" "-o" "-o FOO" "-o ID,,KEY" "-o +" "--sort" "--sort FOO"
		"--json --tsv" "-t -p" "-P -u" "-t -o ID" "-c -o SIZE,ID"
		"--owner nosuchuser" "--idle 5x" "--min-size -1" "--key 0x"
		"--min-size 2 --max-size 1" "--key 1 --private"
		"12x" "0x" "id:" "/a/b" ""
		"--sort ID $id" "--reverse $id" "--no-heading $id"
		"-w0" "-wx" "-w -t" "-w -P" "-w -u" "-w -o ID" "-w --sort ID"
		"-w --reverse" "-w --all-ns" "-w --json --tsv" "--json=x"
		"-u -o ID" "-P -o OWNER" "-P --sort OWNER" "--pid 0" "--pid x"
	)
	for line in "${wrong[@]}"; do
		if [ -n "$line" ]; then
			# shellcheck disable=SC2086
			run --separate-stderr shmtool stat $line
		else
			run --separate-stderr shmtool stat ""
		fi
		[ "$status" -eq 2 ] || { echo "$status: $line"; return 1; }
		[ -z "$output" ]
		message_has "shmtool: stat:"
	done
}

@test "stat: options after operands, and -- before them" {
	make_segment
	[ "$(shmtool stat "$id" --tsv -o ID --no-heading)" = "$id" ]
	[ "$(shmtool stat --tsv -o ID --no-heading -- "$id")" = "$id" ]
}

# Members of the objects in an array of the JSON read, once each.
members() {
	perl -MJSON::PP -0ne '
		my %names;
		for my $row (@{decode_json($_)->{$ENV{ROWS}}}) {
			for my $r ($ENV{NESTED} ? @{$row->{$ENV{NESTED}}} : $row) {
				$names{$_} = 1 for keys %$r;
			}
		}
		print join " ", sort keys %names;'
}

# combination VIEW COLUMN OPERANDS...: a view in each format, as it is, with
# columns chosen and added, and sorted.
# shellcheck disable=SC2086 # views, formats and options are words
combination() {
	local view=$1 column=$2 format options lower=${2,,}
	shift 2
	for format in '' --tsv --json; do
		for options in '' "-o $column" "-o +$column" \
			"--sort $column" "-o $column --sort $column --reverse"; do
			if [[ $options == "-o $column"* && $view == -[tpc] ]]; then
				refused $view $format $options "$@"
				continue
			fi
			# In detail there is nothing to sort.
			if [[ -z $view$format && $options == --sort* && $# -gt 0 ]]
			then
				refused $format $options "$@"
				continue
			fi
			run --separate-stderr shmtool stat $view $format \
				$options "$@"
			[[ $status -eq 0 && -n $output && -z $stderr ]] || {
				echo "$status: $view $format $options $*: $stderr"
				return 1
			}
			case $format in
			--json)
				[[ $options != -o* ]] ||
					grep -q "\"$lower\": " <<<"$output"
				perl -MJSON::PP -0ne 'decode_json($_)' \
					<<<"$output"
				;;
			--tsv)
				[[ $options != -o* ]] ||
					grep -qw "$column" <<<"${lines[0]}"
				;;
			esac
		done
	done
}

refused() {
	run --separate-stderr shmtool stat "$@"
	[[ $status -eq 2 && -z $output ]] || {
		echo "$status: $*"
		return 1
	}
	message_has "shmtool: stat:"
}

# shellcheck disable=SC2086 # views, formats and options are words
@test "stat: every view with every format, columns and operands" {
	make_segment
	hold "$id"
	local first=$id operands view
	make_segment
	for operands in '' "$first" "$first $id"; do
		for view in '' -t -p -c; do
			combination "$view" SIZE $operands
		done
		combination -u LARGEST $operands
		combination -P PID $operands
		combination -P ADDRESS $operands
	done
}

@test "stat: -P --json with operands has the chosen columns in each segment" {
	make_segment
	hold "$id"
	local first=$holder
	hold "$id"
	export ROWS=segments NESTED=
	[[ $(shmtool stat -P --json -o PID "$id" | members) == *" ccommand "* ]]
	NESTED=attachments
	[ "$(shmtool stat -P --json -o PID,KEY "$id" | members)" = \
		"key key_hex pid" ]
	[ "$(shmtool stat -P --json "$id" | members)" = \
		"access address command maps pid size user" ]
	[ "$(shmtool stat -P --json -o PID --sort PID --reverse "$id" |
		grep -o '"pid": [0-9]*' | xargs)" = \
		"pid: $(printf '%s\n' "$first" "$holder" | sort -nr | head -n 1) \
pid: $(printf '%s\n' "$first" "$holder" | sort -n | head -n 1)" ]
}

@test "stat: views go together with formats, filters and operands" {
	make_segment
	local first=$id view
	make_segment
	hold "$id"
	for view in -t -p -c -u -P; do
		shmtool stat "$view" --unattached >/dev/null
		shmtool stat "$view" --sort SIZE --reverse -b >/dev/null
	done
	[ "$(shmtool stat -t --unattached --no-heading --tsv -o +ID |
		cut -f1)" = "$first" ]
	[ "$(shmtool stat -c "$id" --no-heading --tsv | cut -f1)" = "$id" ]
}

@test "stat: an unknown column is named with its option and those there are" {
	for option in --output --sort; do
		run --separate-stderr shmtool stat "$option" FOO
		[ "$status" -eq 2 ]
		message_has "$option: FOO: no such column" " ID KEY OWNER "
		run --separate-stderr shmtool stat -u "$option" ID
		[ "$status" -eq 2 ]
		message_has "$option: ID: no such column" " SEGMENTS "
	done
}

# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# The completions, in the shells that are installed: commands, options,
# values, and the segments that are there.

load common

setup() {
	completion=$BATS_TEST_DIRNAME/../../cmd/completion
	library=/usr/share/bash-completion/bash_completion
}

verbs() {
	shmtool help | awk '/^  [a-z]/ { print $1 }'
}

long_options() {
	shmtool "$1" -h | awk '/^  +-/ && match($0, /--[a-z-]+/) {
		print substr($0, RSTART, RLENGTH) }' | sort
}

has_stat() {
	verbs | grep -qx stat || skip "no shmtool stat to ask for segments"
}

# What bash offers after a line, sorted, one a line.  The line is split as
# readline does it.
offered() {
	[ -f "$library" ] || skip "bash-completion is not installed"
	bash -c '
		. "$1" && . "$2"
		COMP_LINE=$3 COMP_POINT=${#3} COMP_TYPE=9 COMP_KEY=9
		read -ra COMP_WORDS <<<"${3//=/ = }"
		[[ $3 != *[\ =] ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_shmtool shmtool "${COMP_WORDS[COMP_CWORD]}" \
			"${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"
	' offered "$library" "$completion/shmtool.bash" "$1" | sort
}

is_offered() {
	offered "$1" | grep -Fqx -- "$2" || {
		echo "after '$1' no '$2' but:"
		offered "$1"
		return 1
	}
}

@test "completion: bash offers the commands" {
	[ -f "$library" ] || skip "bash-completion is not installed"
	[ "$(offered 'shmtool ')" = "$( (verbs; echo help) | sort)" ]
	[ "$(offered 'shmtool help ')" = "$(verbs | sort)" ]
	[ "$(offered 'shmtool se')" = set ]
	[ "$(offered 'shmtool --v')" = --version ]
}

@test "completion: bash offers exactly the options of each command" {
	[ -f "$library" ] || skip "bash-completion is not installed"
	for verb in $(verbs); do
		[ "$(offered "shmtool $verb --" | tr -d = | sort)" = \
			"$(long_options "$verb")" ] || {
			echo "$verb"
			return 1
		}
	done
}

@test "completion: bash offers users, files and commands as values" {
	[ -f "$library" ] || skip "bash-completion is not installed"
	is_offered "shmtool set --owner=nob" nobody
	is_offered "shmtool set -u nob" nobody
	is_offered "shmtool set -m 0600 --lo" --lock
	cd "$BATS_TEST_TMPDIR"
	touch contents
	if verbs | grep -qx write; then
		is_offered "shmtool write -f cont" contents
	fi
	if verbs | grep -qx attach; then
		is_offered "shmtool attach 0 -- slee" sleep
	fi
}

@test "completion: bash offers the ids and keys that are there" {
	[ -f "$library" ] || skip "bash-completion is not installed"
	has_stat
	[ -z "$(offered 'shmtool set ')" ]
	id=$(ipcmk -M 4096 | tr -dc 0-9)
	key=$(of_id key "$id")
	is_offered "shmtool set " "$id"
	is_offered "shmtool set -m 0600 0x" "$key"
	perl -e 'shmget(0, 1, 0600) // die'
	[ "$(offered 'shmtool set ' | wc -l)" -eq 3 ]
}

# What the zsh functions give to _arguments, with the rest of its completion
# system out of the way.
zsh_specs() {
	zsh -f -c '
		_arguments() {
			[[ $1 == -C ]] && { state=argument; return 1 }
			print -rl -- "$@"
		}
		_describe() { print -rl -- ${(P)4} }
		words=('"$1"')
		source "$1"
	' zsh "$completion/_shmtool"
}

@test "completion: zsh offers exactly the options of each command" {
	command -v zsh >/dev/null || skip "zsh is not installed"
	zsh -n "$completion/_shmtool"
	for verb in $(verbs); do
		[ "$(zsh_specs "$verb" | grep -o '^--[a-z-]*[a-z]' | sort)" = \
			"$(long_options "$verb")" ] || {
			zsh_specs "$verb"
			return 1
		}
	done
	zsh_specs set | grep -Fx -- \
		'--owner=[set owner and group; or \:GROUP]:OWNER\[\:GROUP\]:_users'
	zsh_specs help | grep '^set:Changes mode'
}

fish_offers() {
	fish --no-config -c "source '$completion/shmtool.fish'
		complete -C '$1'" | cut -f 1 | sort
}

@test "completion: fish offers the commands" {
	command -v fish >/dev/null || skip "fish is not installed"
	export HOME=$BATS_TEST_TMPDIR
	fish --no-execute "$completion/shmtool.fish"
	[ "$(fish_offers 'shmtool ')" = "$( (verbs; echo help) | sort)" ]
}

@test "completion: fish offers exactly the options of each command" {
	command -v fish >/dev/null || skip "fish is not installed"
	export HOME=$BATS_TEST_TMPDIR
	for verb in $(verbs); do
		[ "$(fish_offers "shmtool $verb --" | tr -d = | sort)" = \
			"$(long_options "$verb")" ] || {
			echo "$verb"
			fish_offers "shmtool $verb --"
			return 1
		}
	done
}

@test "completion: fish offers the ids and keys that are there" {
	command -v fish >/dev/null || skip "fish is not installed"
	has_stat
	export HOME=$BATS_TEST_TMPDIR
	id=$(ipcmk -M 4096 | tr -dc 0-9)
	[ "$(fish_offers 'shmtool set ')" = "$(printf '%s\n' "$id" \
		"$(of_id key "$id")" | sort)" ]
}

# Makes objects: two whose names are plain, and others, which are not offered:
# a shell could not insert their names as they are.
make_objects() {
	needs_own_shm
	clear_shm
	touch /dev/shm/psm_1 /dev/shm/psm_2 /dev/shm/'$(touch psm_3)' \
		/dev/shm/'psm 4' /dev/shm/$'psm\n5' /dev/shm/$'psm\xff6'
}

test_teardown() {
	clear_shm
}

# Every command that takes a SEGMENT.
with_segments() {
	verbs | grep -vxE 'create|limits|restore'
}

@test "completion: bash offers the names of objects, where a segment goes" {
	[ -f "$library" ] || skip "bash-completion is not installed"
	local verb line
	make_objects
	for verb in $(with_segments); do
		line="shmtool $verb "
		[ "$verb" != save ] || line+="dir "
		[ "$(offered "$line")" = $'/psm_1\n/psm_2' ] || {
			echo "$line: $(offered "$line")"
			return 1
		}
		[ "$(offered "$line/psm_2")" = /psm_2 ]
	done
	[ ! -e psm_3 ]
}

@test "completion: fish offers the names of objects, where a segment goes" {
	command -v fish >/dev/null || skip "fish is not installed"
	export HOME=$BATS_TEST_TMPDIR
	local verb
	make_objects
	for verb in $(with_segments); do
		[ "$(fish_offers "shmtool $verb /psm")" = $'/psm_1\n/psm_2' ] || {
			echo "$verb: $(fish_offers "shmtool $verb /psm")"
			return 1
		}
	done
}

# What an interactive zsh makes of a line and a tab.
zsh_completes() {
	local out=$BATS_TEST_TMPDIR/line
	rm -f "$out"
	zsh -f -c '
		zmodload zsh/zpty zsh/zselect
		zpty z "TERM=dumb zsh -f -i"
		zpty -w z "fpath=($1 \$fpath); autoload -U compinit; compinit -u -D"
		zpty -w z "show() { print -r -- \$BUFFER >$3; }; zle -N show"
		zpty -w z "bindkey \"^X\" show"
		zpty -w -n z "$2$4"
		for ((i = 0; i < 600; i++)); do
			[[ -s $3 ]] && break
			zselect -t 5
		done' zsh "$completion" "$1" "$out" $'\t\x18'
	cat "$out"
}

@test "completion: zsh completes the names of objects" {
	command -v zsh >/dev/null || skip "zsh is not installed"
	zsh -f -c 'zmodload zsh/zpty' || skip "zsh has no zpty"
	make_objects
	rm /dev/shm/psm_1
	[ "$(zsh_completes "shmtool stat /ps" | xargs)" = \
		"shmtool stat /psm_2" ]
}

# SHELL_OFFERS LINE WORD...: exactly these words, in this order when sorted.
offers() {
	local how=$1 line=$2
	shift 2
	[ "$("$how" "$line" | sed 's/^--[a-z]*=//' | paste -sd ' ')" = "$*" ] || {
		echo "$line: $("$how" "$line" | paste -sd ' ')"
		return 1
	}
}

# What stat itself names when it refuses a value of an option.
named() {
	shmtool stat "$@" . 2>&1 |
		sed 's/.* \(not\|there are\) \(.*\) (see.*/\2/; s/,//g; s/ or / /' |
		tr ' ' '\n' | sort | paste -sd ' '
}

@test "completion: bash and fish offer columns, kinds and colours" {
	local how
	export HOME=$BATS_TEST_TMPDIR
	for how in offered fish_offers; do
		if [ "$how" = offered ]; then
			[ -f "$library" ] || continue
		else
			command -v fish >/dev/null || continue
		fi
		# shellcheck disable=SC2046 # words
		offers "$how" "shmtool stat -o " $(named -o)
		# shellcheck disable=SC2046
		offers "$how" "shmtool stat -P -o " $(named -P -o)
		# shellcheck disable=SC2046
		offers "$how" "shmtool stat -u --by=" $(named -u --by)
		# shellcheck disable=SC2046
		offers "$how" "shmtool stat --color=" $(named --color)
		# shellcheck disable=SC2046
		offers "$how" "shmtool save dir --kind=" $(named --kind)
		offers "$how" "shmtool stat -o SIZE,NSP" SIZE,NSPID
		offers "$how" "shmtool stat -o +NAT" +NATTCH
		offers "$how" "shmtool rm --kind=sysv,pos" sysv,posix
		offers "$how" "shmtool stat --sort=KE" KEY
	done
}

@test "completion: zsh completes columns and kinds" {
	command -v zsh >/dev/null || skip "zsh is not installed"
	zsh -f -c 'zmodload zsh/zpty' || skip "zsh has no zpty"
	[ "$(zsh_completes "shmtool stat -o SIZE,NSP" | xargs)" = \
		"shmtool stat -o SIZE,NSPID," ]
	[ "$(zsh_completes "shmtool stat -P --sort=ADD" | xargs)" = \
		"shmtool stat -P --sort=ADDRESS" ]
	[ "$(zsh_completes "shmtool rm --kind=sysv,pos" | xargs)" = \
		"shmtool rm --kind=sysv,posix," ]
	[ "$(zsh_completes "shmtool stat --color=ne" | xargs)" = \
		"shmtool stat --color=never" ]
}

@test "completion: after /proc, paths to memory without a name" {
	[ -f "$library" ] || skip "bash-completion is not installed"
	needs_own_shm
	perl -e 'open my $o, ">", "/dev/shm/gone" or die $!;
		unlink "/dev/shm/gone"; $| = 1; print fileno($o), "\n";
		sleep 1 while 1' >"$BATS_TEST_TMPDIR/fd" 3>&- &
	holder=$!
	holders+=("$holder")
	wait_for test -s "$BATS_TEST_TMPDIR/fd"
	is_offered "shmtool read /proc/$holder/" \
		"/proc/$holder/fd/$(<"$BATS_TEST_TMPDIR/fd")"
	[[ $(offered "shmtool read ") != */proc/* ]]
}

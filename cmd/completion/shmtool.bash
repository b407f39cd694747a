# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# bash completion for shmtool.  Commands and options come from its own help,
# so they cannot differ from the program's; ids and keys from stat.

_shmtool_commands() {
	shmtool help 2>/dev/null | awk '/^  [a-z]/ { print $1 }'
}

# Ids, keys of those that have one, and plain names of objects; after /proc
# what leads to memory without a name.
_shmtool_segments() {
	if [[ $cur == /p* ]]; then
		shmtool stat --kind deleted,memfd,anon --tsv --no-heading \
			-o ID 2>/dev/null
	fi
	shmtool stat --tsv --no-heading -o ID,KEY 2>/dev/null |
		awk '{ print $1 } $2 != "0x00000000" { print $2 }'
	shmtool stat --kind posix --tsv --no-heading -o ID 2>/dev/null |
		grep -v '[^A-Za-z0-9_./@%+=,-]'
}

# The options of a command as they are written: -m, --mode=, --watch.
_shmtool_options() {
	shmtool "$1" -h 2>/dev/null | awk '
		/^  +-/ {
			if (match($0, /^  -[A-Za-z0-9]/))
				print substr($0, 3, 2)
			match($0, /--[a-z-]+=?/)
			print substr($0, RSTART, RLENGTH)
		}'
}

# The word for an option's value: MODE; nothing if it takes none.
_shmtool_value() {
	shmtool "$1" -h 2>/dev/null | awk -v option="$2" '
		/^  +-/ {
			match($0, /--[a-z-]+/)
			name = substr($0, RSTART, RLENGTH)
			rest = substr($0, RSTART + RLENGTH)
			if (name != option && substr($0, 3, 2) != option)
				next
			if (rest ~ /^=/) {
				sub(/^=/, "", rest)
				sub(/ .*/, "", rest)
				print rest
			}
			exit
		}'
}

# The words that an option of stat takes, which names them when it refuses one;
# columns are those of the view.
_shmtool_words() {
	local view=() word
	for word in "${words[@]}"; do
		case $word in
		-P | --processes | -u | --summary) view=("$word") ;;
		esac
	done
	[ "$1" != --by ] || view=(-u)
	shmtool stat "${view[@]}" "$1" . 2>&1 |
		sed -n 's/.* \(not\|there are\) \(.*\) (see .*/\2/p' |
		sed 's/, / /g; s/ or / /'
}

# WORD OPTION: one word, or several with commas between them.
_shmtool_complete_words() {
	local before=''
	if [[ $1 == *,... ]]; then
		case $cur in
		*,*) before=${cur%,*}, ;;
		+*) before=+ ;;
		esac
		compopt -o nospace
	fi
	mapfile -t COMPREPLY < <(compgen -P "$before" \
		-W "$(_shmtool_words "$2")" -- "${cur#"$before"}")
}

# WORD OPTION: a value of this word, for this option.
_shmtool_complete_value() {
	local word=$1
	case $word in
	COL* | KIND* | WHEN*) _shmtool_complete_words "$@" ;;
	FILE* | PATH*) _filedir ;;
	DIR*) _filedir -d ;;
	USER* | OWNER*) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	KEY*)
		mapfile -t COMPREPLY < <(compgen -W "$(_shmtool_segments |
			grep ^0x)" -- "$cur")
		;;
	PID*) _pids ;;
	*) COMPREPLY=() ;;
	esac
}

_shmtool_complete_operand() {
	local first=$1
	case $command in
	help) mapfile -t COMPREPLY < <(compgen -W "$(_shmtool_commands)" \
		-- "$cur") ;;
	restore) _filedir ;;
	create | limits) COMPREPLY=() ;;
	save)
		if [ "$first" = yes ]; then _filedir -d; return; fi
		;;&
	*)
		mapfile -t COMPREPLY < <(compgen -W "$(_shmtool_segments)" \
			-- "$cur")
		;;
	esac
}

_shmtool() {
	# shellcheck disable=SC2034 # words and cword are bash-completion's
	local cur prev words cword split=false command='' i start=0 first=yes
	_init_completion -s || return

	for ((i = 1; i < cword; i++)); do
		if [ -n "$command" ] && [ "${words[i]}" = -- ] &&
			[[ $command == create || $command == attach ]]; then
			_command_offset $((i + 1))
			return
		fi
		case ${words[i]} in
		--ns) ((start == 0)) && ((i++)) ;;
		-*) ;;
		*)
			if [ -z "$command" ]; then
				command=${words[i]} start=$i
			elif [ -z "$(_shmtool_value "$command" \
				"${words[i - 1]}")" ]; then
				first=no
			fi
			;;
		esac
	done

	if [ -z "$command" ]; then
		if [ "$prev" = --ns ]; then
			_pids
		elif [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W \
				"--ns= --help --version" -- "$cur")
			[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
		else
			mapfile -t COMPREPLY < <(compgen -W \
				"$(_shmtool_commands) help" -- "$cur")
		fi
		return
	fi
	if [[ $prev == -* ]]; then
		local value
		value=$(_shmtool_value "$command" "$prev")
		if [ -n "$value" ]; then
			_shmtool_complete_value "$value" "$prev"
			return
		fi
	fi
	$split && return
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(_shmtool_options "$command")" -- "$cur")
		[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
	else
		_shmtool_complete_operand "$first"
	fi
} &&
	complete -F _shmtool shmtool

# SPDX-License-Identifier: BSD-2-Clause
#
# fish completion for shmtool.  Commands and options come from its own help,
# so they cannot differ from the program's; ids and keys from stat.

function __shmtool_segments
	shmtool stat --tsv --no-heading -o ID,KEY,OWNER,SIZE 2>/dev/null | awk '{
		text = "\t" $3 ", " $4 " bytes"
		print $1 text
		if ($2 != "0x00000000")
			print $2 text
	}'
	shmtool stat --kind posix --tsv --no-heading -o ID,OWNER,SIZE \
		2>/dev/null | awk -F '\t' '$1 !~ /[^A-Za-z0-9_.\/:@%+=,-]/ {
		print $1 "\t" $2 ", " $3 " bytes"
	}'
	string match -q '/p*' -- (commandline -ct); or return
	shmtool stat --kind deleted,memfd,anon --tsv --no-heading \
		-o ID,KIND,SIZE 2>/dev/null | awk '{
		print $1 "\t" $2 ", " $3 " bytes"
	}'
end

# letter, name, kind of value (none, = or [), its word, and help of each option
function __shmtool_options
	shmtool $argv[1] -h 2>/dev/null | awk '
		function flush() {
			if (name != "")
				print letter "\t" name "\t" kind "\t" word "\t" text
			name = ""
		}
		/^  +-/ {
			flush()
			letter = substr($0, 3, 2) ~ /^-[A-Za-z0-9]/ ? substr($0, 4, 1) : "none"
			match($0, /--[a-z-]+/)
			name = substr($0, RSTART + 2, RLENGTH - 2)
			rest = substr($0, RSTART + RLENGTH)
			kind = rest ~ /^=/ ? "=" : rest ~ /^\[/ ? "[" : "none"
			word = rest
			sub(/ .*/, "", word)
			text = substr(rest, length(word) + 1)
			gsub(/\]|\[|=/, "", word)
			if (word == "")
				word = "none"
			sub(/^ */, "", text)
			next
		}
		/^$/ { flush() }
		name != "" { sub(/^ */, ""); text = text $0 }
		END { flush() }'
end

# the words that an option of stat takes, which names them when it refuses one;
# columns are those of the view
function __shmtool_words
	set -l view (string match -r -- '^(?:-P|--processes|-u|--summary)$' (commandline -opc))
	test $argv[1] = --by; and set view -u
	set -l before (commandline -ct | string replace -r '^--[a-z-]+=' '' | string match -r '^(?:\+|.*,)')
	shmtool stat $view $argv[1] . 2>&1 |
		string replace -fr '.* (?:not|there are) (.*) \(see .*' '$1' |
		string split -n ' ' | string trim -r -c , |
		string match -v or | string replace -r '^' "$before"
end

# WORD OPTION: values of this word, for this option
function __shmtool_value_words
	switch $argv[1]
		case 'COL*' 'KIND*' 'WHEN*'
			__shmtool_words $argv[2]
		case 'FILE*' 'PATH*'
			__fish_complete_path (commandline -ct)
		case 'DIR*'
			__fish_complete_directories (commandline -ct)
		case 'USER*' 'OWNER*'
			__fish_complete_users
		case 'PID*'
			__fish_complete_pids
		case 'KEY*'
			__shmtool_segments | string match -r '^0x.*'
	end
end

complete -c shmtool -f
complete -c shmtool -n __fish_use_subcommand -l ns -x -a '(__fish_complete_pids)' -d 'run in another IPC namespace'
complete -c shmtool -n __fish_use_subcommand -s h -l help -d 'print a summary'
complete -c shmtool -n __fish_use_subcommand -s V -l version -d 'print the version'
complete -c shmtool -n __fish_use_subcommand -a help -d 'Prints a summary'

set -l names
for line in (shmtool help 2>/dev/null | string match -r '^  [a-z].*')
	set -l words (string match -r '^  ([a-z]+) +(.*)' -- $line)
	set -l verb $words[2]
	set -l seen "__fish_seen_subcommand_from $verb"
	set -a names $verb
	complete -c shmtool -n __fish_use_subcommand -a $verb -d $words[3]
	for option in (__shmtool_options $verb)
		set -l part (string split \t -- $option)
		set -l flags -l $part[2] -d $part[5]
		test $part[1] != none; and set -a flags -s $part[1]
		if test $part[3] = '='
			set -a flags -x -a "(__shmtool_value_words '$part[4]' --$part[2])"
		end
		complete -c shmtool -n $seen $flags
	end
	switch $verb
		case create limits
		case restore
			complete -c shmtool -n $seen -F
		case save
			complete -c shmtool -n $seen -a '(__fish_complete_directories (commandline -ct))'
			complete -c shmtool -n $seen -a '(__shmtool_segments)'
		case '*'
			complete -c shmtool -n $seen -a '(__shmtool_segments)'
	end
end
complete -c shmtool -n '__fish_seen_subcommand_from help' -a "$names"

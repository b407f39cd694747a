# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# The Korean pages say what the English ones do: what is typed, and what a
# program answers, is the same in both.

load common

setup() {
	man=$(cd "$BATS_TEST_DIRNAME/../../man" && pwd)
}

# Compares what a function finds in both versions of every page.
same_in_both() {
	local bad=0
	for english in "$man"/*.1; do
		page=${english##*/}
		[ -n "$("$1" "$english")" ] || { echo "$page: empty"; bad=1; }
		diff <("$1" "$english") <("$1" "$man/ko/$page") || {
			echo "^ $page"
			bad=1
		}
	done
	return "$bad"
}

@test "korean: every page of section 1 has a Korean one" {
	diff <(cd "$man" && ls -- *.1) <(cd "$man/ko" && ls)
}

# Every option that a page names, and the SYNOPSIS.
options() {
	grep -oE '\<Fl -?[[:alnum:]-]+' "$1" | sort -u
	awk '/^\.Sh/ { inside = $2 == "SYNOPSIS" } inside' "$1"
}

@test "korean: the options are those of the English page" {
	same_in_both options
}

# Head, sections, lists with their tags: all that has no sentence.
skeleton() {
	awk '/^\.S[hs]/ { print $1 }
		/^\.(Dd|Dt|Os|Bl|It|El)/' "$1"
}

@test "korean: sections and lists are in the order of the English page" {
	same_in_both skeleton
}

statuses() {
	awk '/^\.Sh/ { inside = /EXIT STATUS|종료 상태/ } inside' "$1" |
		grep -oE '[0-9]+' | sort -nu
}

@test "korean: the exit statuses are those of the English page" {
	same_in_both statuses
}

# Literal lines, with the marks that say which of them are output.
examples() {
	awk '/^\.Bd/ { inside = 1 }
		inside || /^\.Dl/ || /^\.\\" prints/
		/^\.Ed/ { inside = 0 }' "$1"
}

@test "korean: the examples are those of the English page" {
	same_in_both examples
}

# man and mandoc know these two by their English names.
@test "korean: the headings are Korean, but for NAME and SYNOPSIS" {
	[ "$(LC_ALL=C grep -hE '^\.Sh [ -~]+$' "$man"/ko/* | sort -u)" = \
		$'.Sh NAME\n.Sh SYNOPSIS' ]
}

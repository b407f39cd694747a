/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * What standard output can show: its width, and colours.
 */

#include <sys/ioctl.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ui/message.h"
#include "ui/options.h"
#include "ui/terminal.h"

size_t
terminal_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int
store_color(const struct option_row *row, const char *text, void *to)
{
	static const char *const words[] = {
		[COLOR_AUTO] = "auto", [COLOR_NEVER] = "never",
		[COLOR_ALWAYS] = "always"
	};
	enum color_when when;

	for (when = COLOR_AUTO; when <= COLOR_ALWAYS; when++)
		if (strcmp(text, words[when]) == 0) {
			*(enum color_when *)to = when;
			return ST_OK;
		}
	return option_error(row, "%s: not never, auto or always", text);
}

bool
use_color(enum color_when when)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	return (no_color == NULL || no_color[0] == '\0') && term != NULL &&
	    strcmp(term, "dumb") != 0 && isatty(STDOUT_FILENO) == 1;
}

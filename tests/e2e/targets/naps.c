// SPDX-License-Identifier: GPL-2.0
/* naps.c - one task that sleeps N times (default 100) for 100 us. */
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	const struct timespec nap = { .tv_nsec = 100000 };
	int n = argc > 1 ? atoi(argv[1]) : 100;

	for (int i = 0; i < n; i++)
		if (nanosleep(&nap, NULL))
			return 1;
	return 0;
}

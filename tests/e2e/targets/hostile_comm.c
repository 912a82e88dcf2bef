// SPDX-License-Identifier: GPL-2.0
/* hostile_comm.c - one thread per name that a terminal, JSON or a log would rather not meet. */
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

static const char *const names[] = {
	"\033[31mred\033[0m",
	"a\nb\tc\rd",
	"\xff\xfe\xc0\x80 bad",
	"\xe2\x80\xae"
	"evil",
	"\"},{\"x\":\"",
	"</script>",
	"=cmd|' /C'!A0",
	"\x9b"
	"31m",
};

static void *carry(void *name)
{
	prctl(PR_SET_NAME, name);
	usleep(20000);
	return NULL;
}

int main(void)
{
	enum { N = sizeof(names) / sizeof(names[0]) };
	pthread_t thread[N];

	for (int i = 0; i < N; i++)
		if (pthread_create(&thread[i], NULL, carry, (void *)names[i]))
			return 1;
	for (int i = 0; i < N; i++)
		pthread_join(thread[i], NULL);
	return 0;
}

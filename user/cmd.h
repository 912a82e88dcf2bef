/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cmd.h - the sub-commands. Each takes its own argv (argv[0] is the sub-command's name) and returns
 * the exit status of the program. Called by main.c only.
 */
#ifndef TASKTAX_CMD_H
#define TASKTAX_CMD_H

int cmd_run(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_lab(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif

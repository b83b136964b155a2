/* Jobs: long work in steps that its owner resumes, so that a screen is painted and keys are read while a file opens.
 *
 * Any function that takes an ox_task can be a job. It runs on a stack of its own, in the thread of its owner: while the
 * job runs the owner waits, and between two resumes the owner may read what the job works on, but not change it, nor
 * use the Lua state that the job uses. One thread makes, resumes and frees a job. Signals reach that thread as ever. */
#ifndef ONNXSH_JOB_H
#define ONNXSH_JOB_H

#include <onnxsh/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ox_job ox_job;
typedef enum ox_job_state { OX_JOB_MORE, OX_JOB_DONE } ox_job_state;

/* The work. It hands `task` to whatever it calls; each step of the task is a place where the job may rest. */
typedef ox_status (*ox_job_fn)(void *ud, const ox_task *task, ox_error *err);

/* Prepares a job; nothing runs before the first resume. */
OX_API OX_MUST_USE ox_status ox_job_create(ox_job **out, ox_job_fn fn, void *ud, ox_error *err);

#define OX_JOB_NO_BUDGET UINT32_MAX /* until it is done */
/* Lets the job run until the first step after budget_ms milliseconds; with a budget of 0 that is its next step. A job
 * that was cancelled runs until it is done. OX_JOB_MORE without effect when called from inside the job itself. */
OX_API ox_job_state ox_job_resume(ox_job *j, uint32_t budget_ms);
/* What the job said at the step where it rests: texts and numbers of ox_task's step. Each pointer may be NULL; *what
 * lives until the next resume, "" before the first step. */
OX_API void ox_job_progress(const ox_job *j, const char **what, uint64_t *done, uint64_t *total);
/* The next step stops the work; resume then until it is done. A job that never began will not begin. May be called at
 * any time, also from a signal handler. */
OX_API void ox_job_cancel(ox_job *j);
/* How the work ended, *err as the work left it. OX_E_INVALID while it has not. */
OX_API OX_MUST_USE ox_status ox_job_status(const ox_job *j, ox_error *err);
/* Cancels what is not done, lets it clean up, and frees. NULL is fine. */
OX_API void ox_job_free(ox_job *j);

#ifdef __cplusplus
}
#endif
#endif

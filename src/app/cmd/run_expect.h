/* Floor 7. Results held against expected ones: `run --expect`. */
#ifndef ONNXSH_APP_CMD_RUN_EXPECT_H
#define ONNXSH_APP_CMD_RUN_EXPECT_H

#include "app/cmd.h"

typedef struct ox_expect {
    double rtol, atol; /* equal: |got - want| <= atol + rtol * |want| */
} ox_expect;

/* Takes --rtol and --atol. */
ox_status ox_expect_take(const ox_args *a, ox_expect *out, ox_error *err) OX_MUST_USE;
/* Compares the results with the rows of their names in `want`; a result without one is compared with the next row that
 * has no fitting name. Prints a table or JSON; OX_E_CHECK (the message is printed) if any differs, OX_E_INVALID if
 * nothing could be compared. */
ox_status ox_expect_compare(ox_session *s, const ox_data_set *got, const ox_data_set *want, const ox_expect *e,
                            ox_error *err) OX_MUST_USE;

#endif

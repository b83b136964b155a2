/* What every cmocka test includes: cmocka's prerequisites once, and asserts that print an ox_error. */
#ifndef OX_TEST_H
#define OX_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <onnxsh/error.h>

/* The call `expr` must return OX_OK; else the message is printed and the test fails here. */
#define assert_ok(expr, err) \
    do { \
        ox_error *ok_err_ = (err); \
        ox_error_clear(ok_err_); \
        if ((expr) != OX_OK) { \
            char ok_text_[1600]; \
            ox_error_format(ok_err_, ok_text_, sizeof ok_text_); \
            fail_msg("%s: %s", #expr, ok_text_); \
        } \
    } while (0)

/* The call `expr` must fail with `code`, and its message must contain `part`. */
#define assert_fails(expr, code, part, err) \
    do { \
        ox_error *ok_err_ = (err); \
        ox_error_clear(ok_err_); \
        ox_status ok_s_ = (expr); \
        if (ok_s_ != (code)) \
            fail_msg("%s: got %s, expected %s: %s", #expr, ox_status_text(ok_s_), ox_status_text(code), ok_err_->msg); \
        if (!strstr(ok_err_->msg, (part)) && !strstr(ok_err_->hint, (part))) \
            fail_msg("%s: message '%s' lacks '%s'", #expr, ok_err_->msg, (part)); \
    } while (0)

#endif

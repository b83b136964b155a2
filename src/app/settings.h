/* Floor 7. The settings of `set`: one row each; its list and completion derive from it. */
#ifndef ONNXSH_APP_SETTINGS_H
#define ONNXSH_APP_SETTINGS_H

#include "app/session.h"

typedef struct ox_setting {
    const char *name;
    const char *words; /* blank-separated values, for completion; "" = free */
    const char *help;
    ox_status (*put)(ox_session *s, const char *word, ox_error *err);
    void (*get)(const ox_session *s, char *buf, size_t size);
} ox_setting;
size_t ox_settings(const ox_setting **rows);

#endif

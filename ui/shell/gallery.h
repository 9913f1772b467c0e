#pragma once

#include <QString>

#include "ui/theme/theme.h"

namespace qd::ui {

/// Renders every view and state of the terminal, in each theme and two sizes, from one seeded
/// session that needs no network, into PNG files in `folder`. Returns how many could not be written.
int shootGallery(Theme& theme, const QString& folder);

} // namespace qd::ui

#pragma once

#include <QDialog>

#include "ui/widgets/labels.h"

namespace qd::ui {

/// What one is about to do, in words, and the button that does it. Going back is the default.
class SureDialog final : public QDialog {
    Q_OBJECT
public:
    struct Words {
        QString title, text;
        QString warning = {}; ///< what stops because of it; empty: nothing does
        QString action;       ///< on the button
    };
    SureDialog(const Theme& theme, const Words& words, QWidget* parent);
};

} // namespace qd::ui

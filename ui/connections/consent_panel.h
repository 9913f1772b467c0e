#pragma once

#include "services/client/consent_flow.h"
#include "services/runtime/clock.h"
#include "ui/widgets/field.h"
#include "ui/widgets/plates.h"

namespace qd::ui {

/// The consent under way: what is being waited for, how long yet, and what can be done: open the
/// browser again, paste what it ended at, cancel; when it failed, try again or start again.
class ConsentPanel final : public QWidget {
    Q_OBJECT
public:
    ConsentPanel(const Theme& theme, client::ConsentFlow& flow, const runtime::Clock& clock,
                 QWidget* parent = nullptr);
    QString text() const { return m_text->text(); }

private:
    void refresh();
    void showText();
    QString stageText() const;
    QString failureText() const;

    client::ConsentFlow& m_flow;
    const runtime::Clock& m_clock;
    TextLabel *m_title, *m_text, *m_left, *m_address;
    Field* m_paste;
    QPushButton *m_open, *m_use, *m_retry, *m_again, *m_cancel;
    QTimer m_second;
};

} // namespace qd::ui

#pragma once

#include <QDialog>

#include "services/client/identity.h"
#include "ui/people/card.h"

namespace qd::ui {

/// The fields of a proof of identity: password and, when asked for, the second factor's code.
class ProofCard final : public Card {
    Q_OBJECT
public:
    ProofCard(const Theme& theme, client::Identity& identity, const QString& title,
              const QString& text, const QString& action, QWidget* parent = nullptr);
    void start();

Q_SIGNALS:
    void proven();

private:
    void prove();
    void take(const client::Answer<bool>& answer);

    client::Identity& m_identity;
    Field *m_password, *m_code;
    runtime::Secret m_tried; ///< while the code to it is typed
};

/// Raised when the backend wants to be sure who sits here before it does what was asked for; what was
/// asked for is then done by itself. Closing it refuses.
class StepUpDialog final : public QDialog {
    Q_OBJECT
public:
    StepUpDialog(const Theme& theme, client::Identity& identity, QWidget* parent);
    void done(int result) override;

private:
    client::Identity& m_identity;
};

/// All that is to be seen while nobody sits here. The market goes on behind it.
class LockView final : public QWidget {
    Q_OBJECT
public:
    LockView(const Theme& theme, client::Identity& identity, QWidget* parent = nullptr);
    void start();

Q_SIGNALS:
    void unlocked();
    void signOutWanted();

protected:
    void showEvent(QShowEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& m_theme;
    client::Identity& m_identity;
    ProofCard* m_card;
    TextLabel* m_who;
};

} // namespace qd::ui

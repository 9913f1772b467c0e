#pragma once

#include "models/accounts/password_strength.h"
#include "ui/widgets/labels.h"

namespace qd::ui {

/// How well what is being typed would stand guessing: four bars, a word, and what would make it
/// better. Judges by the same rules as the backend, so that it never says yes to what is refused.
class StrengthMeter final : public QWidget {
    Q_OBJECT
public:
    explicit StrengthMeter(const Theme& theme, QWidget* parent = nullptr);
    /// `userWords`: address and name, which a password must not be made of.
    void judge(const QString& password, const std::vector<std::string>& userWords);
    bool isAccepted() const { return m_verdict.accepted; }
    /// What is said in words, the reasons first.
    QString text() const;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void paintBars();
    Tone tone() const;

    const Theme& m_theme;
    PasswordVerdict m_verdict;
    bool m_isEmpty = true;
    TextLabel *m_word, *m_reasons;
};

} // namespace qd::ui

#include "ui/people/strength_meter.h"

#include <QPainter>
#include <QVBoxLayout>

#include "ui/widgets/cell_delegate.h"

namespace qd::ui {

namespace {

constexpr int kBars = 4, kBarHeight = 4, kBarGap = 3;

QString reasonText(PasswordReason reason)
{
    switch (reason) {
    case PasswordReason::TooShort:
        return StrengthMeter::tr("At least %1 characters.").arg(kPasswordCharsMin);
    case PasswordReason::TooLong: return StrengthMeter::tr("This is too long.");
    case PasswordReason::NotText: return StrengthMeter::tr("It holds characters that are no text.");
    case PasswordReason::Common:
        return StrengthMeter::tr("It is among the commonest passwords, or close to one.");
    case PasswordReason::TooGuessable: return StrengthMeter::tr("It is too easy to guess.");
    case PasswordReason::UserWord:
        return StrengthMeter::tr("It is made of your address, your name, or a name of ours.");
    case PasswordReason::Repeats: return StrengthMeter::tr("It repeats itself.");
    case PasswordReason::Sequence: return StrengthMeter::tr("It holds a sequence like abcd.");
    case PasswordReason::KeyboardWalk:
        return StrengthMeter::tr("It walks along the keys like qwerty.");
    case PasswordReason::Date: return StrengthMeter::tr("It holds a date.");
    }
    return {};
}

QString suggestionText(PasswordSuggestion suggestion)
{
    switch (suggestion) {
    case PasswordSuggestion::LongerIsBetter:
        return StrengthMeter::tr("Three or four unrelated words are good.");
    case PasswordSuggestion::AvoidCommonWords:
        return StrengthMeter::tr("Swapped letters do not hide a known word.");
    case PasswordSuggestion::AvoidOwnWords:
        return StrengthMeter::tr("Leave out what is known of you.");
    case PasswordSuggestion::AvoidPatterns:
        return StrengthMeter::tr("Leave out patterns and dates.");
    }
    return {};
}

} // namespace

StrengthMeter::StrengthMeter(const Theme& theme, QWidget* parent)
    : QWidget(parent), m_theme(theme),
      m_word(new TextLabel(theme, TypeSize::Small, TypeWeight::SemiBold, Tone::Muted, this)),
      m_reasons(new TextLabel(theme, TypeSize::Small, TypeWeight::Regular, Tone::Muted, this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, kBarHeight + 5, 0, 0);
    column->setSpacing(2);
    column->addWidget(m_word);
    column->addWidget(m_reasons);
    m_reasons->setWordWrap(true);
    m_reasons->setMinimumHeight(30);
    m_reasons->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    m_reasons->setObjectName(QStringLiteral("strengthReasons"));
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    judge({}, {});
}

void StrengthMeter::judge(const QString& password, const std::vector<std::string>& userWords)
{
    m_isEmpty = password.isEmpty();
    m_verdict = m_isEmpty ? PasswordVerdict{} : judgePassword(password.toStdString(), userWords);
    static const char* const kWords[] = {
        QT_TR_NOOP("Very weak"), QT_TR_NOOP("Weak"), QT_TR_NOOP("Fair"), QT_TR_NOOP("Strong"),
        QT_TR_NOOP("Very strong")};
    const QString word = m_isEmpty ? tr("Strength") : tr(kWords[m_verdict.score]);
    m_word->setTone(tone());
    m_word->show(m_isEmpty || m_verdict.accepted ? word : tr("%1  ·  not accepted").arg(word));
    QStringList lines;
    if (!m_verdict.accepted) {
        for (const auto reason : m_verdict.reasons) lines << reasonText(reason);
        for (const auto suggestion : m_verdict.suggestions) lines << suggestionText(suggestion);
    }
    if (m_isEmpty) lines << tr("At least %1 characters; a few unrelated words are easy to keep in "
                               "mind.").arg(kPasswordCharsMin);
    m_reasons->show(lines.mid(0, 2).join(QLatin1Char(' ')));
    setAccessibleName(m_word->text());
    setAccessibleDescription(m_reasons->text());
    update();
}

QString StrengthMeter::text() const
{
    return m_word->text() + QLatin1Char('\n') + m_reasons->text();
}

Tone StrengthMeter::tone() const
{
    if (m_isEmpty) return Tone::Muted;
    if (m_verdict.accepted) return Tone::Up;
    return m_verdict.score >= 2 ? Tone::Warn : Tone::Crit;
}

void StrengthMeter::paintEvent(QPaintEvent*)
{
    paintBars();
}

void StrengthMeter::paintBars()
{
    QPainter painter(this);
    const int step = width() + kBarGap; // of all together: the last ends where the fields end
    // One bar at least: somebody typed, and it is seen.
    const int filled = m_isEmpty ? 0 : std::max(1, m_verdict.score);
    for (int bar = 0; bar < kBars; ++bar) {
        const int left = bar * step / kBars, right = (bar + 1) * step / kBars - kBarGap;
        painter.fillRect(left, 0, right - left, kBarHeight,
                         bar < filled ? colorOf(tone(), m_theme.colors()) : m_theme.colors().bg4);
    }
}

} // namespace qd::ui

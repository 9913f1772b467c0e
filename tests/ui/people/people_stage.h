#pragma once

#include <algorithm>

#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTest>

#include "services/client/identity.h"
#include "ui/state/scripted_people.h"
#include "ui/theme/theme.h"

namespace qd::ui::test {

/// A scripted company and somebody before it who has not signed in yet.
struct PeopleStage {
    PeopleStage()
        : clock(Timestamp::of("2024-04-03T14:42:17.381Z")), people(clock),
          identity(people, keys, {})
    {
        theme.apply(*qApp);
    }
    void signInAsAnn()
    {
        bool isDone = false;
        identity.signIn({"ann@example.org", runtime::Secret(ScriptedPeople::kPassword),
                         runtime::Secret(ScriptedPeople::kCode)},
                        &owner, [&](const client::Answer<bool>& answer) {
                            isDone = answer.has_value();
                        });
        QTRY_VERIFY(isDone);
        QTRY_VERIFY(identity.who().user.has_value());
    }
    bool wasCalled(const char* call) const
    {
        const auto& calls = people.calls();
        return std::find(calls.begin(), calls.end(), call) != calls.end();
    }

    ScriptedClock clock;
    Theme theme;
    ScriptedPeople people;
    ScriptedKeys keys;
    client::Identity identity;
    QObject owner;
};

/// What a person types into a field of `root`, whatever was there.
inline void type(QWidget& root, const char* field, const QString& text)
{
    auto* edit = root.findChild<QLineEdit*>(QLatin1String(field));
    QVERIFY2(edit, field);
    edit->clear();
    QTest::keyClicks(edit, text);
}

inline void press(QWidget& root, const char* button)
{
    auto* found = root.findChild<QPushButton*>(QLatin1String(button));
    QVERIFY2(found, button);
    QVERIFY2(found->isEnabled(), button);
    found->click();
}

inline QString said(QWidget& root, const char* button)
{
    auto* label = root.findChild<QLabel*>(QLatin1String(button) + QStringLiteral("Message"));
    return label ? label->text() : QStringLiteral("no message line");
}

} // namespace qd::ui::test

#pragma once

#include <QTimer>

#include "models/base/timestamp.h"
#include "services/runtime/secret.h"
#include "ui/widgets/field.h"

class QBoxLayout;
class QVBoxLayout;

namespace qd::ui {

/// A thin line that moves while something is being waited for.
class BusyLine final : public QWidget {
    Q_OBJECT
public:
    explicit BusyLine(const Theme& theme, QWidget* parent = nullptr);
    void setBusy(bool isBusy);
    bool isBusy() const { return m_tick.isActive(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const Theme& m_theme;
    QTimer m_tick;
    int m_step = 0;
};

/// A form: title, explanation, fields, one message, buttons. Enter in a field presses the main one.
class Card : public QWidget {
    Q_OBJECT
public:
    Card(const Theme& theme, const QString& title, QWidget* parent = nullptr);

    TextLabel& addText(const QString& text, Tone tone = Tone::Muted);
    Field& addField(const QString& caption, const QString& objectName);
    /// What is typed is not shown; says so when Caps Lock is on.
    Field& addPassword(const QString& caption, const QString& objectName);
    void addWidget(QWidget* widget, Qt::Alignment alignment = {});
    /// The line where the outcome is told, and the main button below it.
    QPushButton& addAction(const QString& text, const QString& objectName);
    /// A quiet button in the row at the end.
    QPushButton& addLink(const QString& text, const QString& objectName);

    void say(const QString& text, Tone tone = Tone::Crit);
    QString said() const;
    void setBusy(bool isBusy);
    /// The main button is dead for so long and counts down; nobody hammers a backend that said wait.
    void wait(Duration howLong);
    bool isWaiting() const { return m_waitLeft > 0; }
    QPushButton& action() { return *m_action; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;
    const Theme& theme() const { return m_theme; }

private:
    void countDown();

    const Theme& m_theme;
    QVBoxLayout* m_column;
    QBoxLayout* m_links = nullptr;
    TextLabel* m_message = nullptr;
    BusyLine* m_busy = nullptr;
    QPushButton* m_action = nullptr;
    QString m_actionText;
    QTimer m_second;
    qint64 m_waitLeft = 0; ///< seconds
};

/// What was typed, taken out of its field: it is not left lying in the window.
runtime::Secret takeSecret(Field& field);

/// A page with one card in its middle, on the window's ground.
QWidget* centred(QWidget* card, QWidget* parent);

} // namespace qd::ui

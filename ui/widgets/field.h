#pragma once

#include <QButtonGroup>
#include <QLineEdit>
#include <QWidget>

#include "ui/widgets/labels.h"

class QPushButton;

namespace qd::ui {

/// A caption, a line to type a number in, and the reason why it is refused, at the field.
/// Arrow up and down step. One line is kept free for the reason, so that most of the time nothing jumps.
class Field final : public QWidget {
    Q_OBJECT
public:
    Field(const Theme& theme, const QString& caption, const QString& objectName,
          QWidget* parent = nullptr);

    QLineEdit& edit() { return *m_edit; }
    QString text() const { return m_edit->text().trimmed(); }
    void setText(const QString& text);
    /// Empty: the value is fine.
    void showError(const QString& error);
    QString error() const { return m_errorText; }
    /// Something quiet about the value, where the reason of a refusal would stand.
    void showNote(const QString& note);
    void setCaption(const QString& caption);

Q_SIGNALS:
    void edited();
    void stepped(int steps);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void showBelow();
    TextLabel* m_caption;
    QLineEdit* m_edit;
    TextLabel* m_error;
    QString m_errorText, m_noteText;
};

/// Buttons of which one is down. Left and right arrows move, as in a radio group.
class Segment final : public QWidget {
    Q_OBJECT
public:
    struct Option {
        QString text;
        QString objectName;
        QString accessibleName;
        QByteArray role = "segment";
    };
    Segment(const Theme& theme, const std::vector<Option>& options, QWidget* parent = nullptr);
    int selected() const { return m_group->checkedId(); }
    /// Does not signal.
    void select(int index);
    QPushButton& button(int index);

Q_SIGNALS:
    void picked(int index);

private:
    QButtonGroup* m_group;
};

/// A push button with its names set: every control can be found by the keyboard and by a reader.
QPushButton* makeButton(const QString& text, const QString& objectName, const QByteArray& role,
                        QWidget* parent);

} // namespace qd::ui

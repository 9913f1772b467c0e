#include "ui/widgets/field.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPushButton>
#include <QStyle>
#include <QVBoxLayout>

namespace qd::ui {

Field::Field(const Theme& theme, const QString& caption, const QString& objectName, QWidget* parent)
    : QWidget(parent),
      m_caption(new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Muted, this)),
      m_edit(new QLineEdit(this)),
      m_error(new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Crit, this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(3);
    column->addWidget(m_caption);
    column->addWidget(m_edit);
    column->addWidget(m_error);
    column->addStretch(1);
    m_edit->setObjectName(objectName);
    m_edit->setFont(theme.font(TypeSize::Input, TypeWeight::Medium));
    m_edit->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_edit->setMaxLength(24);
    m_edit->installEventFilter(this);
    m_error->setObjectName(objectName + QStringLiteral("Error"));
    m_error->setWordWrap(true);
    m_error->setMinimumHeight(15);
    m_error->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    setCaption(caption);
    connect(m_edit, &QLineEdit::textEdited, this, &Field::edited);
}

void Field::setCaption(const QString& caption)
{
    m_caption->show(caption);
    m_edit->setAccessibleName(caption);
}

void Field::setText(const QString& text)
{
    if (text != m_edit->text()) m_edit->setText(text);
}

void Field::showError(const QString& error)
{
    if (error == m_errorText) return;
    m_errorText = error;
    showBelow();
    m_edit->setAccessibleDescription(error);
    m_edit->setToolTip(error.toHtmlEscaped());
    m_edit->setProperty("invalid", !error.isEmpty());
    m_edit->style()->unpolish(m_edit);
    m_edit->style()->polish(m_edit);
}

void Field::showNote(const QString& note)
{
    m_noteText = note;
    showBelow();
}

void Field::showBelow()
{
    m_error->setTone(m_errorText.isEmpty() ? Tone::Muted : Tone::Crit);
    m_error->show(m_errorText.isEmpty() ? m_noteText : m_errorText);
}

bool Field::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_edit && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const int size = key->modifiers().testFlag(Qt::ShiftModifier) ? 10 : 1;
        if (key->key() == Qt::Key_Up) {
            Q_EMIT stepped(size);
            return true;
        }
        if (key->key() == Qt::Key_Down) {
            Q_EMIT stepped(-size);
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

Segment::Segment(const Theme& theme, const std::vector<Option>& options, QWidget* parent)
    : QWidget(parent), m_group(new QButtonGroup(this))
{
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    m_group->setExclusive(true);
    int id = 0;
    for (const Option& option : options) {
        QPushButton* button = makeButton(option.text, option.objectName, option.role, this);
        button->setAccessibleName(option.accessibleName);
        button->setCheckable(true);
        button->setFont(theme.font(TypeSize::Small, TypeWeight::Medium));
        m_group->addButton(button, id++);
        row->addWidget(button, 1);
    }
    connect(m_group, &QButtonGroup::idClicked, this, &Segment::picked);
}

void Segment::select(int index)
{
    if (QAbstractButton* button = m_group->button(index)) button->setChecked(true);
}

QPushButton& Segment::button(int index)
{
    return *qobject_cast<QPushButton*>(m_group->button(index));
}

QPushButton* makeButton(const QString& text, const QString& objectName, const QByteArray& role,
                        QWidget* parent)
{
    auto* button = new QPushButton(text, parent);
    button->setObjectName(objectName);
    button->setAccessibleName(text);
    button->setAutoDefault(false);
    if (!role.isEmpty()) button->setProperty("role", QString::fromLatin1(role));
    return button;
}

} // namespace qd::ui

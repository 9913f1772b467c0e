#include "ui/people/mailbox_dialog.h"

#include <QPlainTextEdit>
#include <QStackedLayout>
#include <QVBoxLayout>

#include "ui/state/user_store.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kMailsMax = 100;
constexpr QSize kMailboxSize(760, 520);
constexpr int kMailTextHeight = 200;

} // namespace

MailTableModel::MailTableModel(QObject* parent)
    : RowModel({{QStringLiteral("time"), tr("Time (ET)"), 130, Qt::AlignLeft},
                {QStringLiteral("to"), tr("To"), 220, Qt::AlignLeft},
                {QStringLiteral("subject"), tr("Subject"), 240, Qt::AlignLeft, true}},
               parent)
{
}

void MailTableModel::show(std::vector<client::Mail> mails)
{
    m_mails = std::move(mails);
    restart();
}

Cell MailTableModel::cellOf(int item, int column) const
{
    Cell cell;
    if (column == TimeColumn) {
        cell.text = format::dateAndMinute(at(item).createdAt);
        cell.tone = Tone::Muted;
    } else if (column == ToColumn) {
        cell.text = format::plain(at(item).to, 254);
    } else {
        cell.text = format::plain(at(item).subject, 120);
        cell.weight = TypeWeight::SemiBold;
    }
    return cell;
}

SortKey MailTableModel::sortKeyOf(int item, int column) const
{
    if (column == TimeColumn) return SortKey::of(double(at(item).createdAt.millis()));
    return SortKey::of(cellOf(item, column).text);
}

MailboxDialog::MailboxDialog(const Theme& theme, client::Caller& caller, QWidget* parent)
    : QDialog(parent), m_people(caller), m_model(new MailTableModel(this)),
      m_table(new DataTable(theme, QStringLiteral("mails"), tr("Mails"), this)),
      m_plate(new StatePlate(theme, this)), m_text(new QPlainTextEdit(this))
{
    setObjectName(QStringLiteral("mailboxDialog"));
    setWindowTitle(tr("Local mailbox"));
    resize(kMailboxSize);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(8);
    auto* heading = new TextLabel(theme, TypeSize::Title, TypeWeight::SemiBold, Tone::Normal, this);
    heading->show(windowTitle());
    column->addWidget(heading);
    auto* note = new TextLabel(theme, TypeSize::Body, TypeWeight::Regular, Tone::Muted, this);
    note->setWordWrap(true);
    note->show(tr("No mail server is set up, so mails stay here. Hand the codes to whom they are for."));
    column->addWidget(note);
    m_stack = new QStackedLayout;
    m_stack->addWidget(m_plate);
    m_stack->addWidget(m_table);
    column->addLayout(m_stack, 1);
    m_text->setObjectName(QStringLiteral("mailText"));
    m_text->setAccessibleName(tr("Text of the mail"));
    m_text->setReadOnly(true);
    m_text->setFixedHeight(kMailTextHeight);
    column->addWidget(m_text);
    m_table->setRowModel(m_model);
    connect(m_table, &DataTable::currentItemChanged, this, [this](int item) {
        m_text->setPlainText(item < 0 ? QString() : QString::fromStdString(m_model->at(item).text));
    });
    m_plate->showLoading(tr("Asking for the mails"));
    m_people.mailbox(kMailsMax, this, [this](client::Answer<client::Mailbox> box) {
        take(std::move(box));
    });
}

void MailboxDialog::take(client::Answer<client::Mailbox> box)
{
    if (!box) {
        m_plate->showError(tr("The mails did not come"), refusalText(box.error()));
        return;
    }
    if (!box->isLocal) {
        m_plate->showEmpty(tr("Mails leave by the mail server"), tr("Nothing is kept here."));
        return;
    }
    m_model->show(std::move(box->mails));
    if (m_model->itemCount() == 0) {
        m_plate->showEmpty(tr("No mail yet"), tr("Signing up and forgotten passwords send some."));
        return;
    }
    m_stack->setCurrentWidget(m_table);
    m_table->setCurrentIndex(m_model->index(0, 0));
}

} // namespace qd::ui

#include "ui/people/devices_view.h"

#include <algorithm>

#include <QHBoxLayout>
#include <QPushButton>
#include <QStackedLayout>
#include <QVBoxLayout>

#include "ui/state/user_store.h"
#include "ui/widgets/field.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kTableHeight = 190;

} // namespace

DevicesTableModel::DevicesTableModel(const runtime::Clock& clock, QObject* parent)
    : RowModel({{QStringLiteral("device"), tr("Device"), 150, Qt::AlignLeft, true},
                {QStringLiteral("here"), QString(), 92, Qt::AlignLeft},
                {QStringLiteral("network"), tr("Network"), 128, Qt::AlignLeft, false, 1},
                {QStringLiteral("used"), tr("Last used"), 84, Qt::AlignRight},
                {QStringLiteral("since"), tr("Signed in (ET)"), 128, Qt::AlignLeft, false, 2}},
               parent),
      m_clock(clock)
{
}

void DevicesTableModel::show(std::vector<client::DeviceFacts> devices)
{
    m_devices = std::move(devices);
    restart();
}

Cell DevicesTableModel::cellOf(int item, int column) const
{
    const client::DeviceFacts& device = at(item);
    Cell cell;
    switch (column) {
    case DeviceColumn:
        cell.text = format::plain(device.session.device.text(), 64);
        cell.weight = TypeWeight::SemiBold;
        break;
    case HereColumn:
        if (!device.isCurrent) break;
        cell.kind = CellKind::Pill;
        cell.text = tr("THIS ONE");
        cell.tone = Tone::Accent;
        break;
    case NetworkColumn: cell.text = format::plain(device.session.address, 48); break;
    case UsedColumn: {
        const Duration idle = m_clock.now() - device.session.lastUsedAt;
        cell.text = idle < std::chrono::minutes(1) ? tr("now") : format::age(idle);
        break;
    }
    default:
        cell.text = format::dateAndMinute(device.session.createdAt);
        cell.tone = Tone::Muted;
    }
    return cell;
}

SortKey DevicesTableModel::sortKeyOf(int item, int column) const
{
    const SessionFacts& session = at(item).session;
    if (column == UsedColumn) return SortKey::of(double(session.lastUsedAt.millis()));
    if (column == SinceColumn) return SortKey::of(double(session.createdAt.millis()));
    return SortKey::of(cellOf(item, column).text);
}

DevicesView::DevicesView(const Theme& theme, client::Caller& caller, const runtime::Clock& clock,
                         QWidget* parent)
    : QWidget(parent), m_people(caller), m_model(new DevicesTableModel(clock, this)),
      m_table(new DataTable(theme, QStringLiteral("devices"), tr("Devices that are signed in"),
                            this)),
      m_plate(new StatePlate(theme, this)),
      m_message(new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Crit, this)),
      m_end(makeButton(tr("Sign it out"), QStringLiteral("deviceEnd"), {}, this)),
      m_endOthers(makeButton(tr("Sign out all others"), QStringLiteral("deviceEndOthers"), {},
                             this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    auto* stack = new QStackedLayout;
    stack->addWidget(m_plate);
    stack->addWidget(m_table);
    column->addLayout(stack, 1);
    auto* row = new QHBoxLayout;
    row->addWidget(m_message, 1);
    row->addWidget(m_end);
    row->addWidget(m_endOthers);
    column->addLayout(row);
    m_table->setMinimumHeight(kTableHeight);
    m_table->setRowModel(m_model);
    connect(m_table, &DataTable::currentItemChanged, this, &DevicesView::showButtons);
    connect(m_end, &QPushButton::clicked, this, &DevicesView::endSelected);
    connect(m_endOthers, &QPushButton::clicked, this, &DevicesView::endOthers);
    showButtons();
}

void DevicesView::refresh()
{
    if (m_model->itemCount() == 0) m_plate->showLoading(tr("Asking which devices are signed in"));
    m_people.devices(this, [this](client::Answer<std::vector<client::DeviceFacts>> devices) {
        take(std::move(devices));
    });
}

void DevicesView::take(client::Answer<std::vector<client::DeviceFacts>> devices)
{
    if (!devices) {
        m_plate->showError(tr("The list did not come"), refusalText(devices.error()));
    } else {
        m_model->show(std::move(*devices));
    }
    auto* stack = static_cast<QStackedLayout*>(layout()->itemAt(0)->layout());
    stack->setCurrentWidget(m_model->itemCount() > 0 ? static_cast<QWidget*>(m_table) : m_plate);
    showButtons();
}

void DevicesView::showButtons()
{
    const int item = m_table->currentItem();
    m_end->setEnabled(item >= 0 && !m_model->at(item).isCurrent);
    m_endOthers->setEnabled(m_model->itemCount() > 1);
}

void DevicesView::endSelected()
{
    const int item = m_table->currentItem();
    if (item < 0 || m_model->at(item).isCurrent) return;
    m_people.endDevice(m_model->at(item).session.id, this, [this](const client::Answer<bool>& done) {
        m_message->show(done ? QString() : refusalText(done.error()));
        refresh();
    });
}

void DevicesView::endOthers()
{
    m_people.endOtherDevices(this, [this](const client::Answer<bool>& done) {
        m_message->show(done ? QString() : refusalText(done.error()));
        refresh();
    });
}

} // namespace qd::ui

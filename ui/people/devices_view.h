#pragma once

#include "services/client/people_api.h"
#include "services/runtime/clock.h"
#include "ui/widgets/data_table.h"
#include "ui/widgets/plates.h"

class QPushButton;

namespace qd::ui {

/// The devices that are signed in to an account, this one marked.
class DevicesTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex { DeviceColumn, HereColumn, NetworkColumn, UsedColumn, SinceColumn };
    DevicesTableModel(const runtime::Clock& clock, QObject* parent);
    void show(std::vector<client::DeviceFacts> devices);
    const client::DeviceFacts& at(int item) const { return m_devices[std::size_t(item)]; }

    int itemCount() const override { return int(m_devices.size()); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;

private:
    const runtime::Clock& m_clock;
    std::vector<client::DeviceFacts> m_devices;
};

/// The list, and what ends one of them or all others.
class DevicesView final : public QWidget {
    Q_OBJECT
public:
    /// Both outlive it.
    DevicesView(const Theme& theme, client::Caller& caller, const runtime::Clock& clock,
                QWidget* parent = nullptr);
    void refresh();
    DevicesTableModel& model() { return *m_model; }

private:
    void take(client::Answer<std::vector<client::DeviceFacts>> devices);
    void endSelected();
    void endOthers();
    void showButtons();

    client::PeopleApi m_people;
    DevicesTableModel* m_model;
    DataTable* m_table;
    StatePlate* m_plate;
    TextLabel* m_message;
    QPushButton *m_end, *m_endOthers;
};

} // namespace qd::ui

// Writes how Kubernetes reads schedules: robfig/cron's standard parser behind the rules of the CronJob's validation.
//
//	go run . > table.json
//
// Each entry: the schedule; whether the API takes it; its first runs (UTC) from the given moment on, none where it never
// comes; for @every, the seconds between runs.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

var from = time.Date(2027, time.January, 30, 22, 58, 30, 0, time.UTC)

type entry struct {
	Schedule string   `json:"schedule"`
	Taken    bool     `json:"taken"`
	Runs     []string `json:"runs,omitempty"`
	Every    int      `json:"every,omitempty"`
}

var picked = []string{
	"*/5 * * * *", "* * * * *", "0  8-18/2  *   *  MON-FRI", " 0 3 * * * ", "0\t3 * * *", "0 0 1 jan *", "0 0 1 JAN-Dec *", "0 0 * * sun",
	"0 0 * * 0", "0 0 * * 7", "0 0 * * 0-6", "0 0 * * 1-7", "0 0 * * SAT-SUN", "0 0 * * SUN-SAT", "0 0 * * FRI-MON", "0 0 ? * ?", "0 0 13 * FRI", "0 0 */2 * FRI",
	"0 0 13 * *", "0 0 31 2 *", "0 0 30 FEB *", "0 0 29 2 *", "0 0 31 4,6 *", "60 * * * *", "0 24 * * *", "0 0 0 * *", "0 0 32 * *", "0 0 * 0 *", "0 0 * 13 *", "*/0 * * * *",
	"5/15 * * * *", "5-10/2 * * * *", "10-5 * * * *", "*/100 * * * *", "*-5 * * * *", "1-2-3 * * * *", "*/2/3 * * * *", ", * * * *", "1,,2 * * * *", ",1 * * * *", "+5 * * * *",
	"-5 * * * *", "5- * * * *", "/5 * * * *", "5/ * * * *", "0x5 * * * *", "05 * * * *", "0 0 L * *", "0 0 1W * *", "0 0 * * 5#2", "0 0 * * 5L", "* * * *", "* * * * * *", "", "   ", "every 5 minutes",
	"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@reboot", "@Hourly", " @hourly", "@hourly ", "@every 1h30m", "@every 90s", "@every 1.5h", "@every 500ms", "@every 0",
	"@every -1h", "@every 1d", "@every", "@every ", "@every 5", "@every  5m", "@every 1h 5m", "@every 1500ms", "@every .5h", "@every 1.h", "@every 1h5", "@every 1h30m10s", "@every 3000000h",
	"TZ=UTC 0 3 * * *", "CRON_TZ=Europe/Paris 0 3 * * *", "TZ=UTC @daily", "TZ=UTC", "0 3 * * TZ", "0 0 * JAN,MAR-MAY *", "0 0 * * MON,WED,5", "*,5 * * * *", "0 0 *,1 * 1", "0 0 */1 * 1", "0 0 1 * */1", "0 0 1 * */2", "0 0 ?/2 * 1",
	"0 JAN * * *", "MON * * * *", "0 0 JAN * *", "0 0 * MON *", "0 0 * * JAN", "0 0 * * mOn", "0 0 1-31 * *", "99999999999999999999 * * * *", "*/99999999999999999999 * * * *", "*/9999999999 * * * *", "0.5 * * * *", "1e1 * * * *", "* * * * *;", "1, * * * *",
}

func pick(r *rand.Rand, from ...string) string { return from[r.Intn(len(from))] }

func number(r *rand.Rand, most int) string { return fmt.Sprint(r.Intn(most + 3)) }

// A field that is mostly legal.
func field(r *rand.Rand, most int, names []string) string {
	value := func() string {
		if len(names) > 0 && r.Intn(3) == 0 {
			return pick(r, names...)
		}
		return number(r, most-1)
	}
	parts := make([]string, 1+r.Intn(2)*r.Intn(3))
	for i := range parts {
		switch r.Intn(6) {
		case 0, 1:
			parts[i] = pick(r, "*", "*", "*", "?")
		case 2:
			parts[i] = pick(r, "*", value()) + "/" + number(r, most)
		case 3:
			parts[i] = value() + "-" + value() + pick(r, "", "", "/2", "/"+number(r, most))
		default:
			parts[i] = value()
		}
	}
	return strings.Join(parts, ",")
}

func generated(r *rand.Rand) string {
	months := []string{"JAN", "feb", "Mar", "DEC"}
	days := []string{"SUN", "mon", "Fri", "SAT"}
	fields := []string{field(r, 59, nil), field(r, 23, nil), field(r, 31, nil), field(r, 12, months), field(r, 6, days)}
	return strings.Join(fields, pick(r, " ", " ", " ", "  ", "\t"))
}

func parse(schedule string) (parsed cron.Schedule, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return cron.ParseStandard(schedule)
}

func read(schedule string) entry {
	parsed, err := parse(schedule)
	if err != nil || strings.Contains(schedule, "TZ") {
		return entry{Schedule: schedule}
	}
	if every, ok := parsed.(cron.ConstantDelaySchedule); ok {
		return entry{Schedule: schedule, Taken: true, Every: int(every.Delay.Seconds())}
	}
	parsed.(*cron.SpecSchedule).Location = time.UTC
	runs := []string{}
	for next := parsed.Next(from); !next.IsZero() && len(runs) < 4; next = parsed.Next(next) {
		runs = append(runs, next.Format(time.RFC3339))
	}
	return entry{Schedule: schedule, Taken: true, Runs: runs}
}

func main() {
	r := rand.New(rand.NewSource(1))
	schedules := append([]string{}, picked...)
	for len(schedules) < 900 {
		schedules = append(schedules, generated(r))
	}
	fmt.Print("[\n")
	for i, schedule := range schedules {
		line, err := json.Marshal(read(schedule))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		end := ","
		if i == len(schedules)-1 {
			end = ""
		}
		fmt.Printf("  %s%s\n", line, end)
	}
	fmt.Print("]\n")
}

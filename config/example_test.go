package config_test

import (
	"fmt"

	"revere/channels"
	"revere/config"
)

func ExampleLoad() {
	environ := []string{
		"REVERE_SENDER_NAME=MA State SOC",
		"REVERE_CHANNELS__PAGER__ACCOUNT=desk",
		"REVERE_CHANNELS__PAGER__TOKEN=correct horse",
	}
	c, err := config.Load("", environ, config.Sections([]channels.Kind{pagerKind}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.SenderName, c.HTTP.PublicURL, c.Channels.Section("pager").On())
	// Output: MA State SOC http://127.0.0.1:8080 true
}

func ExampleLoad_problems() {
	environ := []string{"REVERE_NATS__REPLICAS=2", "REVERE_HTTP__LISTN=:8080"}
	_, err := config.Load("", environ, nil)
	fmt.Println(err)
	// Output:
	// the configuration has 2 problems:
	//   REVERE_HTTP__LISTN: unknown variable; the nearest known one is REVERE_HTTP__LISTEN
	//   REVERE_NATS__REPLICAS: 2 is not 1, 3 or 5
}

package page

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// token is a colour in both schemes.
type token struct{ light, dark string }

var (
	plainToken  = regexp.MustCompile(`(?m)^\s+--([a-z-]+): (#[0-9a-f]{6});$`)
	schemeToken = regexp.MustCompile(`--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);`)
)

func tokens(t *testing.T) (map[string]token, string) {
	t.Helper()
	css, err := assetFiles.ReadFile("assets/app.css")
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]token{}
	for _, x := range schemeToken.FindAllStringSubmatch(string(css), -1) {
		m[x[1]] = token{x[2], x[3]}
	}
	return m, string(css)
}

// Text has 4.5 : 1 on whatever it stands, borders of fields and the focus ring
// 3 : 1 (WCAG 2.2, 1.4.3 and 1.4.11), in both schemes.
func TestContrast(t *testing.T) {
	m, _ := tokens(t)
	for _, p := range []struct {
		front, back string
		least       float64
	}{
		{"ink", "ground", 7}, {"ink", "surface", 7}, {"ink", "ai-ground", 7},
		{"ink-soft", "ground", 4.5}, {"ink-soft", "surface", 4.5},
		{"ai", "ground", 4.5}, {"ai", "surface", 4.5}, {"on-ai", "ai", 4.5},
		{"shu", "surface", 4.5}, {"matsu", "surface", 4.5}, {"yamabuki", "surface", 4.5},
		{"field-line", "surface", 3}, {"field-line", "ground", 3},
	} {
		front, back := m[p.front], m[p.back]
		if front.light == "" || back.light == "" {
			t.Fatalf("no colour %s or %s", p.front, p.back)
		}
		if c := contrast(t, front.light, back.light); c < p.least {
			t.Errorf("light: %s on %s has %.2f : 1, less than %v", p.front, p.back, c, p.least)
		}
		if c := contrast(t, front.dark, back.dark); c < p.least {
			t.Errorf("dark: %s on %s has %.2f : 1, less than %v", p.front, p.back, c, p.least)
		}
	}
}

// Browsers without light-dark() get the light scheme, the same colours.
func TestPlainColoursAreTheLightOnes(t *testing.T) {
	m, css := tokens(t)
	plain := plainToken.FindAllStringSubmatch(css, -1)
	if len(plain) != len(m) {
		t.Errorf("%d plain colours, %d for both schemes", len(plain), len(m))
	}
	for _, x := range plain {
		if m[x[1]].light != x[2] {
			t.Errorf("--%s is %s, and %s in the light scheme", x[1], x[2], m[x[1]].light)
		}
	}
	for _, c := range regexp.MustCompile(`#[0-9a-f]{3,8}\b`).FindAllStringIndex(css, -1) {
		line := css[strings.LastIndexByte(css[:c[0]], '\n')+1:]
		line, _, _ = strings.Cut(line, "\n")
		if !strings.Contains(line, "--") && !strings.Contains(line, "@supports") {
			t.Errorf("a colour that is no token: %s", strings.TrimSpace(line))
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
